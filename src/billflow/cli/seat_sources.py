"""`billflow seats source`, `pull` and `check`: where seats come from, and counting there."""

import os
from pathlib import Path
from typing import Annotated

import typer

from billflow.cli.errors import EXIT_REFUSED
from billflow.cli.json_objects import rows_of
from billflow.cli.lookup import CustomerHere, CustomerOption, change_here, only, org_of, short
from billflow.cli.output import Columns, FactList, Listing, Output, Table, listed, time
from billflow.cli.params import example
from billflow.cli.session import Api, CommandGroup, Store
from billflow.domain.errors import InvalidInput

app = CommandGroup()
sources = CommandGroup()

_SOURCES: Columns = {
    "id": lambda source: short(source.id),
    "of": lambda source: short(source.customer_id) if source.customer_id else "everyone",
    "kind": lambda source: source.kind,
    "from": lambda source: source.target or "",
    "counted>": lambda source: source.counted,
    "failing>": lambda source: source.failing,
}
_COUNTS: Columns = {
    "customer": lambda one: short(one.customer_id),
    "members>": lambda one: "" if one.members is None else one.members,
    "guests>": lambda one: "" if one.guests is None else one.guests,
    "reported": lambda one: _reported(one.pushed_at, one.pushed_members, one.pushed_guests),
    "what~": lambda one: one.message or ("differs from what was reported" if one.differs else ""),
}
_MEMBERS: Columns = {
    "member": lambda one: one.member_hash[:16],
    "kind": lambda one: "guest" if one.is_guest else "member",
    "since": lambda one: time(one.since),
    "until": lambda one: time(one.until) if one.until else "",
}


@sources.on_api("seats source show", "seats source show --json")
def show(api: Api) -> Listing:
    """Show where seats come from; what is not listed comes by reports."""
    return listed("Seat sources", api.all("/seat-sources"), _SOURCES)


@sources.on_database(
    "seats source set http --target https://product.example/billflow/seats",
    "seats source set sql --target env:BILLFLOW_SEATS_DATABASE --query-file seats.sql",
    "seats source set file --target /srv/seats.csv --customer acme",
    name="set",
)
async def set_(  # noqa: PLR0913  (each is one part of a source)
    store: Store,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="push, http, sql or file.")],
    *,
    target: Annotated[
        str | None, typer.Option(help="An address, a file, or env: and the variable with a database's address.")
    ] = None,
    query_file: Annotated[Path | None, typer.Option(help="The file with the query that counts.")] = None,
    seal: Annotated[
        bool, typer.Option("--seal", help="Store what the variable holds now, sealed, in place of its name.")
    ] = False,
    customer: CustomerOption = None,
) -> Output:
    """Let seats come from there: of one customer, or of all that have no source of their own."""
    from billflow.models.contracts.responses import CreatedSeatSourceResponse
    from billflow.models.contracts.seat_sources import NewSeatSource

    query = _read(query_file) if query_file else None
    values: dict[str, object] = {"kind": kind, "target": target, "query": query, "customer_id": customer}
    if seal:
        values |= {"target": None, "database_url": _variable(target)}
    made = await store.seat_sources.set_source(await org_of(store), NewSeatSource.model_validate(values), change_here())
    secret = made.secret.get_secret_value() if made.secret else None
    facts = {"id": made.record.seat_source_id, "from": made.record.target, "secret": secret}
    shown = FactList(f"Seats come by {made.record.kind}", facts)
    return Output(CreatedSeatSourceResponse.of(made), shown)


@sources.on_api("seats source remove 5ea7")
def remove(
    api: Api, source: Annotated[str, typer.Argument(metavar="SOURCE", help="The beginning of a source's id.")]
) -> Output:
    """Let seats come by reports alone again."""
    known = [one.id for one in rows_of(api.all("/seat-sources"))]
    found = only("seat source", source, [one for one in known if one.startswith(source)])
    api.write("DELETE", f"/seat-sources/{found}")
    return Output({"removed": found}, "Removed; its seats come by reports from now on.")


@app.on_api("seats pull", "seats pull --customer acme --json")
def pull(api: Api, *, customer: CustomerOption = None) -> Output:
    """Count now and write what the sources say; exits with 1 where somebody could not be counted."""
    return _counted(api, customer, "pull", "Counted")


@app.on_api("seats check --customer acme")
def check(api: Api, *, customer: CustomerOption = None) -> Output:
    """Count now and write nothing: what the sources say, beside what was reported."""
    return _counted(api, customer, "check", "Checked, and wrote nothing")


@app.on_api("seats members acme")
def members(api: Api, customer: CustomerHere) -> Listing:
    """Show who came and who went, by hashes of your own system's ids; of sources that name people."""
    return listed("Members", api.all(f"/customers/{customer}/seats/members"), _MEMBERS)


def _counted(api: Api, customer_id: str | None, verb: str, done: str) -> Output:
    result = api.write("POST", f"/seat-sources/{verb}", {"customer_id": customer_id})
    customers = "1 customer" if result.counted == 1 else f"{result.counted} customers"
    sentence = f"{done}: {customers}; {result.failed} could not be counted."
    error = typer.Exit(EXIT_REFUSED) if result.failed else None
    return Output(result, sentence, Table("Counts", _COUNTS, result.counts), error=error)


def _reported(at: str | None, members: int | None, guests: int | None) -> str:
    return "" if at is None else f"{members} and {guests} at {time(at)}"


def _variable(target: str | None) -> str:
    from billflow.models.contracts.seat_sources import ENVIRONMENT, VARIABLES

    name = (target or "").removeprefix(ENVIRONMENT)
    if not name.startswith(VARIABLES) or name not in os.environ:
        raise InvalidInput(
            f"--seal reads the variable that --target names, env:{VARIABLES}…, and it is not set here.", field="target"
        )
    return os.environ[name]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(
            f"{file} can't be read; name a file of SQL.", code="cannot_read", field="query_file"
        ) from None


app.add_typer(
    sources,
    name="source",
    help="Say where seats come from.",
    epilog=example("seats source show"),
    no_args_is_help=True,
)
