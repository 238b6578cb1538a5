"""`billflow customer sponsorships, ask-, approve-, decline-sponsorship`: who asks not to pay, and what support says."""

from typing import Annotated

import typer

from billflow.cli.json_objects import JsonObject, given
from billflow.cli.lookup import CustomerHere, begun, id_of, short
from billflow.cli.output import Columns, Listing, Output, listed, time
from billflow.cli.params import Reason
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()
"""Added to `billflow customer`."""

_RequestHere = Annotated[str, id_of("sponsorship request"), begun("request")]
_REQUESTS: Columns = {
    "id": lambda request: short(request.id),
    "organization": lambda request: request.organization_type,
    "status": lambda request: request.status,
    "asked at": lambda request: time(request.created_at),
}


@app.on_api("customer sponsorships 5f1c")
def sponsorships(api: Api, customer: CustomerHere) -> Listing:
    """List a customer's requests to be sponsored, the newest first."""
    return listed("Sponsorship requests", api.all(_path(customer)), _REQUESTS)


@app.on_api("customer request-sponsorship 5f1c --organization-type open_source --description 'A compiler'")
def request_sponsorship(  # noqa: PLR0913  (each is one answer of the form)
    api: Api,
    customer: CustomerHere,
    *,
    organization_type: Annotated[str, typer.Option(help="Such as open_source, education or non_profit.")],
    description: Annotated[str, typer.Option(help="What the organization does.")],
    website: Annotated[str | None, typer.Option(help="Where one can read about it.")] = None,
    expected_users: Annotated[int | None, typer.Option(min=0, help="How many people will use it.")] = None,
) -> Output:
    """Ask for a customer to be sponsored; one request at a time waits for a decision."""
    new = given(
        organization_type=organization_type, description=description, website=website, expected_users=expected_users
    )
    return _output(api.write("POST", _path(customer), new))


@app.on_api("customer approve-sponsorship 5f1c 0a3b --reason 'on the list of charities'")
def approve_sponsorship(api: Api, customer: CustomerHere, request: _RequestHere, reason: Reason = None) -> Output:
    """Approve a request: complimentary access ends, a self-hosted customer gets a community plan."""
    return _output(api.write("POST", f"{_path(customer)}/{request}/approve", given(reason=reason)))


@app.on_api("customer decline-sponsorship 5f1c 0a3b --reason 'sells what it makes'")
def decline_sponsorship(api: Api, customer: CustomerHere, request: _RequestHere, reason: Reason = None) -> Output:
    """Decline a request."""
    return _output(api.write("POST", f"{_path(customer)}/{request}/decline", given(reason=reason)))


def _path(customer: str) -> str:
    return f"/customers/{customer}/sponsorship-requests"


def _output(request: JsonObject) -> Output:
    return Output(request, f"The sponsorship request {short(request.id)} is {request.status}.")
