"""`billflow seats source`, `pull` and `check`: where seats come from, and counting there."""

import os
from pathlib import Path
from typing import Annotated

import typer

from billflow.cli.errors import EXIT_REFUSED
from billflow.cli.json_objects import given, rows_of
from billflow.cli.lookup import CustomerHere, CustomerOption, change_here, only, org_of, short
from billflow.cli.output import Columns, FactList, Listing, Output, Table, listed, time
from billflow.cli.params import example
from billflow.cli.session import Api, CommandGroup, Store
from billflow.domain.errors import InvalidInput

app = CommandGroup()
sources = CommandGroup()
setting = CommandGroup()

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


@setting.on_api("seats source set push --customer acme")
def push(api: Api, *, customer: CustomerOption = None) -> Output:
    """Let seats come by reports of your product: of one customer, where the organization has another source."""
    return _set_by_api(api, given(kind="push", customer_id=customer))


@setting.on_api("seats source set http --target https://product.example/billflow/seats")
def http(
    api: Api,
    *,
    target: Annotated[str, typer.Option(help="The address in your product that is asked.")],
    customer: CustomerOption = None,
) -> Output:
    """Ask your product for seats: of one customer, or of all that have no source of their own."""
    return _set_by_api(api, given(kind="http", target=target, customer_id=customer))


@setting.on_database("seats source set sql --target env:BILLFLOW_SEATS_DATABASE --query-file seats.sql")
async def sql(
    store: Store,
    *,
    target: Annotated[str, typer.Option(help="env: and the variable with a database's address.")],
    query_file: Annotated[Path, typer.Option(help="The file with the query that counts.")],
    seal: Annotated[
        bool, typer.Option("--seal", help="Store what the variable holds now, sealed, in place of its name.")
    ] = False,
    customer: CustomerOption = None,
) -> Output:
    """Count by a query in your database: for who runs the worker, whose variable it names."""
    address = {"target": None, "database_url": _variable(target)} if seal else {"target": target}
    return await _set_by_operator(store, kind="sql", query=_read(query_file), customer_id=customer, **address)


@setting.on_database("seats source set file --target /srv/seats.csv --customer acme")
async def file(
    store: Store,
    *,
    target: Annotated[str, typer.Option(help="A file of the worker's machine, or the address of an object.")],
    customer: CustomerOption = None,
) -> Output:
    """Count by a CSV: for who runs the worker, whose file it names."""
    return await _set_by_operator(store, kind="file", target=target, customer_id=customer)


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


def _set_by_api(api: Api, asked: dict[str, object]) -> Output:
    made = api.write("POST", "/seat-sources", asked)
    return Output(made, _described(made.kind, {"id": made.id, "from": made.target, "secret": made.secret}))


async def _set_by_operator(store: Store, **values: object) -> Output:
    from billflow.models.contracts.responses import CreatedSeatSourceResponse
    from billflow.models.contracts.seat_sources import NewSeatSource

    made = await store.seat_sources.set_source(await org_of(store), NewSeatSource.model_validate(values), change_here())
    record = made.record
    facts = {"id": record.seat_source_id, "from": record.target}
    return Output(CreatedSeatSourceResponse.of(made), _described(record.kind, facts))


def _described(kind: str, facts: dict[str, str | None]) -> FactList:
    return FactList(f"Seats come by {kind}", facts)


def _variable(target: str) -> str:
    from billflow.models.contracts.seat_sources import ENVIRONMENT, VARIABLES

    name = target.removeprefix(ENVIRONMENT)
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


sources.add_typer(
    setting,
    name="set",
    help="Let seats come from there: of one customer, or of all that have no source of their own.",
    epilog=example("seats source set http --target https://product.example/billflow/seats"),
    no_args_is_help=True,
)
app.add_typer(
    sources,
    name="source",
    help="Say where seats come from.",
    epilog=example("seats source show"),
    no_args_is_help=True,
)
