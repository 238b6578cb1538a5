"""`billflow seats`: what deployments report about their people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billflow.cli import seat_sources
from billflow.cli.errors import EXIT_REFUSED
from billflow.cli.json_objects import JsonObject, given, rows_of
from billflow.cli.lookup import CustomerHere, only
from billflow.cli.output import Output, complain
from billflow.cli.params import At
from billflow.cli.session import Api, CommandGroup
from billflow.domain.seats import MAX_LICENSES

if TYPE_CHECKING:
    from billflow.demo.seats_csv import Organization

app = CommandGroup()

MOST = 10_000
"""How many observations one request reports."""


@app.on_api("seats report 5f1c --members 40 --guests 12")
def report(
    api: Api,
    customer: CustomerHere,
    *,
    members: Annotated[int, typer.Option(help="People who count fully.")],
    guests: Annotated[int, typer.Option(help="People who don't.")] = 0,
    at: At = None,
) -> Output:
    """Report the seats of a customer's deployment at one moment; a moment reported already stays as it is."""
    reported = _report(api, customer, [given(observed_at=at, members=members, guests=guests)])
    sentence = "Reported." if reported.new else "That moment was reported before; the first report counts."
    return Output(reported, sentence)


@app.on_api("seats can-add 5f1c --members 2", name="can-add")
def can_add(
    api: Api,
    customer: CustomerHere,
    *,
    members: Annotated[int, typer.Option(min=0, max=MAX_LICENSES, help="Who joins, or becomes a member.")] = 1,
    guests: Annotated[int, typer.Option(min=0, max=MAX_LICENSES, help="Guests who join.")] = 0,
) -> Output:
    """Ask whether more people fit a customer's licenses; exits with 1 where they don't."""
    gate = api.get(f"/customers/{customer}/seats/can-add", members=members, guests=guests)
    spare = "nothing limits them" if gate.spare is None else f"{gate.spare} licenses are spare now"
    sentence = f"They {'may' if gate.allowed else 'may not'} join: {spare}."
    return Output(gate, sentence, error=None if gate.allowed else typer.Exit(EXIT_REFUSED))


@app.on_api("seats import examples/seats.csv", name="import")
def import_(
    api: Api,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Columns: organization, observed_on, members, guests.")],
) -> Output:
    """Report the seats of a CSV whose organizations are names of customers; exits with 1 where rows were bad.

    Bad rows are named by line and reason, and the others are taken. Where a customer is missing nothing is.
    """
    from billflow.demo.seats_csv import read_seats

    seats = read_seats(file)
    ids = [_customer_named(api, one.name) for one in seats.organizations]
    new = sum(_report(api, *pair).new for pair in zip(ids, map(_reports, seats.organizations), strict=True))
    for row in seats.bad_rows:
        complain(f"Line {row.line}: {row.reason}.")
    data = {"customers": len(ids), "new": new, "bad_rows": seats.bad_rows}
    sentence = f"Reported {new} new moments of {len(ids)} customers."
    return Output(data, sentence, error=typer.Exit(EXIT_REFUSED) if seats.bad_rows else None)


def _customer_named(api: Api, name: str) -> str:
    known = rows_of(api.all("/customers", q=name))
    return only("customer", name, [one.id for one in known if name in (one.name, one.email)])


def _reports(organization: "Organization") -> list[dict[str, object]]:
    observed = organization.observations
    return [{"observed_at": one.observed_at, "members": one.members, "guests": one.guests} for one in observed]


def _report(api: Api, customer: str, reports: list[dict[str, Any]]) -> JsonObject:
    """Report observations in parts that one request may have."""
    path, sums = f"/customers/{customer}/seats", JsonObject(received=0, new=0)
    for begin in range(0, len(reports), MOST):
        part = api.write("POST", path, reports[begin : begin + MOST])
        sums = JsonObject({name: count + part[name] for name, count in sums.items()})
    return sums


app.add_typer(seat_sources.app)
