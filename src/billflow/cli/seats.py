"""`billflow seats`: what deployments report about their people."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.errors import EXIT_REFUSED
from billflow.cli.lookup import found, now, only, org_of
from billflow.cli.params import AsJson, At, CustomerId, example
from billflow.cli.session import on_database, run
from billflow.domain.seats import MAX_LICENSES

if TYPE_CHECKING:
    from billflow.demo.seats_csv import Organization, SeatFile
    from billflow.wiring.engine import Engine
    from billflow.wiring.store import Store

app = typer.Typer(
    help="Report how many people use what.", epilog=example("seats import seats.csv"), no_args_is_help=True
)


@app.command(epilog=example("seats report 5f1c --members 40 --guests 12"))
def report(
    customer: CustomerId,
    *,
    members: Annotated[int, typer.Option(help="People who count fully.")],
    guests: Annotated[int, typer.Option(help="People who don't.")] = 0,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Report the seats of a customer's deployment at one moment; a moment reported already stays as it is."""

    async def act(engine: "Engine") -> None:
        from billflow.models.contracts.customers import SeatReport

        reports = [SeatReport(observed_at=at or now(), members=members, guests=guests)]
        customer_id = await found(engine, "customer", customer)
        new = await engine.seats.report(await org_of(engine), customer_id, reports)
        if as_json:
            output.as_json({"customer_id": customer_id, "new": new})
        else:
            output.say("Reported." if new else "That moment was reported before; the first report counts.")

    run(act)


@app.command("can-add", epilog=example("seats can-add 5f1c --members 2"))
def can_add(
    customer: CustomerId,
    *,
    members: Annotated[int, typer.Option(min=0, max=MAX_LICENSES, help="Who joins, or becomes a member.")] = 1,
    guests: Annotated[int, typer.Option(min=0, max=MAX_LICENSES, help="Guests who join.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Ask whether more people fit a customer's licenses; exits with 1 where they don't."""

    async def act(store: "Store") -> None:
        customer_id, org_id = await found(store, "customer", customer), await org_of(store)
        gate = await store.queries.plans.seat_gate(org_id, customer_id, members=members, guests=guests)
        if as_json:
            output.as_json(gate)
        else:
            spare = "nothing limits them" if gate.spare is None else f"{gate.spare} licenses are spare now"
            output.say(f"They {'may' if gate.allowed else 'may not'} join: {spare}.")
        if not gate.allowed:
            raise typer.Exit(EXIT_REFUSED)

    on_database(act)


@app.command("import", epilog=example("seats import examples/seats.csv"))
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Columns: organization, observed_on, members, guests.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Report the seats of a CSV whose organizations are names of customers; exits with 1 where rows were bad.

    Bad rows are named by line and reason, and the others are taken. Where a customer is missing nothing is.
    """

    async def act(engine: "Engine") -> None:
        from billflow.demo.seats_csv import read_seats

        seats = read_seats(file)
        ids = [await _customer_named(engine, one.name) for one in seats.organizations]
        new = [await _report(engine, *pair) for pair in zip(ids, seats.organizations, strict=True)]
        _show(seats, sum(new), as_json=as_json)

    run(act)


async def _customer_named(store: "Store", name: str) -> str:
    from billflow.models.contracts.records import CustomerFilter, Paging

    page = await store.queries.customers.search(await org_of(store), CustomerFilter(q=name), Paging(limit=100))
    return only("customer", name, [one.customer_id for one in page.rows if one.name == name])


async def _report(engine: "Engine", customer_id: str, organization: "Organization") -> int:
    from billflow.models.contracts.customers import SeatReport

    reports = [
        SeatReport(observed_at=one.observed_at, members=one.members, guests=one.guests)
        for one in organization.observations
    ]
    return await engine.seats.report(await org_of(engine), customer_id, reports)


def _show(seats: "SeatFile", new: int, *, as_json: bool) -> None:
    for row in seats.bad_rows:
        output.complain(f"Line {row.line}: {row.reason}.")
    if as_json:
        output.as_json({"customers": len(seats.organizations), "new": new, "bad_rows": seats.bad_rows})
    else:
        output.say(f"Reported {new} new moments of {len(seats.organizations)} customers.")
    if seats.bad_rows:
        raise typer.Exit(EXIT_REFUSED)
