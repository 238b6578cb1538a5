"""`billflow customer sponsorships, ask-, approve-, decline-sponsorship`: who asks not to pay, and what support says."""

from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.lookup import change_here, customer_ref, only, short
from billflow.cli.params import AsJson, CustomerId, Reason, example
from billflow.cli.session import on_database, run

if TYPE_CHECKING:
    from billflow.models.contracts.customer_finances import SponsorshipRecord
    from billflow.models.contracts.customers import CustomerRef
    from billflow.wiring.engine import Engine
    from billflow.wiring.store import Store

app = typer.Typer()

_RequestId = Annotated[str, typer.Argument(metavar="REQUEST", help="A request's id, or enough of its beginning.")]


@app.command(epilog=example("customer sponsorships 5f1c"))
def sponsorships(customer: CustomerId, *, as_json: AsJson = False) -> None:
    """List a customer's requests to be sponsored, the newest first."""

    async def act(store: "Store") -> None:
        found = await store.repositories.sponsorships.list(await customer_ref(store, customer))
        if as_json:
            output.as_json({"sponsorship_requests": found, "total": len(found)})
            return
        rows = [
            (short(r.sponsorship_request_id), r.organization_type, r.status, output.time(r.created_at)) for r in found
        ]
        output.table(f"Sponsorship requests: {len(found)}", ("id", "organization", "status", "asked at"), rows)

    on_database(act)


@app.command(epilog=example("customer request-sponsorship 5f1c --type open_source --description 'A compiler'"))
def request_sponsorship(  # noqa: PLR0913  (each is one answer of the form)
    customer: CustomerId,
    *,
    organization_type: Annotated[str, typer.Option("--type", help="Such as open_source, education or non_profit.")],
    description: Annotated[str, typer.Option(help="What the organization does.")],
    website: Annotated[str | None, typer.Option(help="Where one can read about it.")] = None,
    expected_users: Annotated[int | None, typer.Option(min=0, help="How many people will use it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a customer to be sponsored; one request at a time waits for a decision."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.customer_finances import NewSponsorshipRequest

        new = NewSponsorshipRequest(
            organization_type=organization_type,
            description=description,
            website=website,
            expected_users=expected_users,
        )
        asked = await store.repositories.sponsorships.request(await customer_ref(store, customer), new, change_here())
        _show(asked, as_json=as_json)

    on_database(act)


@app.command(epilog=example("customer approve-sponsorship 5f1c 0a3b --reason 'on the list of charities'"))
def approve_sponsorship(
    customer: CustomerId, request: _RequestId, *, reason: Reason = None, as_json: AsJson = False
) -> None:
    """Approve a request: complimentary access ends, a self-hosted customer gets a community plan."""

    async def act(engine: "Engine") -> None:
        ref = await customer_ref(engine, customer)
        request_id = await _found(engine, ref, request)
        _show(await engine.customers.approve_sponsorship(ref, request_id, change_here(reason)), as_json=as_json)

    run(act)


@app.command(epilog=example("customer decline-sponsorship 5f1c 0a3b --reason 'sells what it makes'"))
def decline_sponsorship(
    customer: CustomerId, request: _RequestId, *, reason: Reason = None, as_json: AsJson = False
) -> None:
    """Decline a request."""

    async def act(store: "Store") -> None:
        ref = await customer_ref(store, customer)
        request_id = await _found(store, ref, request)
        _show(
            await store.repositories.sponsorships.decline(ref, request_id, change_here(reason)),
            as_json=as_json,
        )

    on_database(act)


async def _found(store: "Store", ref: "CustomerRef", typed: str) -> str:
    ids = [request.sponsorship_request_id for request in await store.repositories.sponsorships.list(ref)]
    return only("sponsorship request", typed, [one for one in ids if one.startswith(typed.lower())])


def _show(record: "SponsorshipRecord", *, as_json: bool) -> None:
    if as_json:
        output.as_json(record)
    else:
        output.say(f"The sponsorship request {short(record.sponsorship_request_id)} is {record.status}.")
