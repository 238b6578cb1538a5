"""`billflow seats`: what deployments report about their people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import seat_sources
from billflow.cli.errors import EXIT_REFUSED
from billflow.cli.lookup import CustomerHere, only, org_of
from billflow.cli.output import Output, complain
from billflow.cli.params import At
from billflow.cli.session import CommandGroup, Engine, Store
from billflow.domain.seats import MAX_LICENSES

if TYPE_CHECKING:
    from billflow.demo.seats_csv import Organization

app = CommandGroup()


@app.on_engine("seats report 5f1c --members 40 --guests 12")
async def report(
    engine: Engine,
    customer: CustomerHere,
    *,
    members: Annotated[int, typer.Option(help="People who count fully.")],
    guests: Annotated[int, typer.Option(help="People who don't.")] = 0,
    at: At = None,
) -> Output:
    """Report the seats of a customer's deployment at one moment; a moment reported already stays as it is."""
    from billflow.models.contracts.customers import SeatReportCreate

    reports = [SeatReportCreate(observed_at=at, members=members, guests=guests)]
    new = await engine.seats.report(customer.org_id, customer.customer_id, reports)
    sentence = "Reported." if new else "That moment was reported before; the first report counts."
    return Output({"received": len(reports), "new": new}, sentence)


@app.on_database("seats can-add 5f1c --members 2", name="can-add")
async def can_add(
    store: Store,
    customer: CustomerHere,
    *,
    members: Annotated[int, typer.Option(min=0, max=MAX_LICENSES, help="Who joins, or becomes a member.")] = 1,
    guests: Annotated[int, typer.Option(min=0, max=MAX_LICENSES, help="Guests who join.")] = 0,
) -> Output:
    """Ask whether more people fit a customer's licenses; exits with 1 where they don't."""
    gate = await store.queries.plans.seat_gate(customer.org_id, customer.customer_id, members=members, guests=guests)
    spare = "nothing limits them" if gate.spare is None else f"{gate.spare} licenses are spare now"
    sentence = f"They {'may' if gate.allowed else 'may not'} join: {spare}."
    return Output(gate, sentence, error=None if gate.allowed else typer.Exit(EXIT_REFUSED))


@app.on_engine("seats import examples/seats.csv", name="import")
async def import_(
    engine: Engine,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Columns: organization, observed_on, members, guests.")],
) -> Output:
    """Report the seats of a CSV whose organizations are names of customers; exits with 1 where rows were bad.

    Bad rows are named by line and reason, and the others are taken. Where a customer is missing nothing is.
    """
    from billflow.demo.seats_csv import read_seats

    seats = read_seats(file)
    ids = [await _customer_named(engine, one.name) for one in seats.organizations]
    new = sum([await _report(engine, *pair) for pair in zip(ids, seats.organizations, strict=True)])
    for row in seats.bad_rows:
        complain(f"Line {row.line}: {row.reason}.")
    data = {"customers": len(ids), "new": new, "bad_rows": seats.bad_rows}
    sentence = f"Reported {new} new moments of {len(ids)} customers."
    return Output(data, sentence, error=typer.Exit(EXIT_REFUSED) if seats.bad_rows else None)


async def _customer_named(store: Store, name: str) -> str:
    return only("customer", name, await store.queries.ids.ids_named(await org_of(store), "customer", name))


async def _report(engine: Engine, customer_id: str, organization: "Organization") -> int:
    from billflow.models.contracts.customers import SeatReport

    reports = [
        SeatReport(observed_at=one.observed_at, members=one.members, guests=one.guests)
        for one in organization.observations
    ]
    return await engine.seats.report(await org_of(engine), customer_id, reports)


app.add_typer(seat_sources.app)
