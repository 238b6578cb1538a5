"""`billflow customer sponsorships, ask-, approve-, decline-sponsorship`: who asks not to pay, and what support says."""

from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.lookup import CustomerHere, begun, change_here, id_of, short
from billflow.cli.output import Columns, Output, time, whole
from billflow.cli.params import Reason
from billflow.cli.session import CommandGroup, Engine, Store

if TYPE_CHECKING:
    from billflow.models.contracts.customer_finances import SponsorshipRecord

app = CommandGroup()
"""Added to `billflow customer`."""

_RequestHere = Annotated[str, id_of("sponsorship request"), begun("request")]
_REQUESTS: Columns = {
    "id": lambda request: short(request.sponsorship_request_id),
    "organization": lambda request: request.organization_type,
    "status": lambda request: request.status,
    "asked at": lambda request: time(request.created_at),
}


@app.on_database("customer sponsorships 5f1c")
async def sponsorships(store: Store, customer: CustomerHere) -> Output:
    """List a customer's requests to be sponsored, the newest first."""
    return whole("Sponsorship requests", await store.repositories.sponsorships.list(customer), _REQUESTS)


@app.on_database("customer request-sponsorship 5f1c --organization-type open_source --description 'A compiler'")
async def request_sponsorship(  # noqa: PLR0913  (each is one answer of the form)
    store: Store,
    customer: CustomerHere,
    *,
    organization_type: Annotated[str, typer.Option(help="Such as open_source, education or non_profit.")],
    description: Annotated[str, typer.Option(help="What the organization does.")],
    website: Annotated[str | None, typer.Option(help="Where one can read about it.")] = None,
    expected_users: Annotated[int | None, typer.Option(min=0, help="How many people will use it.")] = None,
) -> Output:
    """Ask for a customer to be sponsored; one request at a time waits for a decision."""
    from billflow.models.contracts.customer_finances import SponsorshipRequestCreate

    new = SponsorshipRequestCreate(
        organization_type=organization_type, description=description, website=website, expected_users=expected_users
    )
    return _output(await store.repositories.sponsorships.request(customer, new, change_here()))


@app.on_engine("customer approve-sponsorship 5f1c 0a3b --reason 'on the list of charities'")
async def approve_sponsorship(
    engine: Engine, customer: CustomerHere, request: _RequestHere, reason: Reason = None
) -> Output:
    """Approve a request: complimentary access ends, a self-hosted customer gets a community plan."""
    return _output(await engine.customers.approve_sponsorship(customer, request, change_here(reason)))


@app.on_database("customer decline-sponsorship 5f1c 0a3b --reason 'sells what it makes'")
async def decline_sponsorship(
    store: Store, customer: CustomerHere, request: _RequestHere, reason: Reason = None
) -> Output:
    """Decline a request."""
    return _output(await store.repositories.sponsorships.decline(customer, request, change_here(reason)))


def _output(request: "SponsorshipRecord") -> Output:
    return Output(request, f"The sponsorship request {short(request.sponsorship_request_id)} is {request.status}.")
