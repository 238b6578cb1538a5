"""Calls about requests to be sponsored."""

from billflow.client.calls import Call, get, given, write
from billflow.models.contracts.customer_finances import SponsorshipRequestCreate
from billflow.models.contracts.customer_responses import SponsorshipList, SponsorshipResponse


def search(customer_id: str, *, limit: int = 50, after: str | None = None) -> Call[SponsorshipList]:
    """List a customer's requests, the newest first."""
    return get(_path(customer_id), SponsorshipList, limit=limit, after=after)


def add(customer_id: str, request: SponsorshipRequestCreate, *, key: str | None = None) -> Call[SponsorshipResponse]:
    """Ask for a customer to be sponsored; one request at a time waits for a decision."""
    return write("POST", _path(customer_id), SponsorshipResponse, request, key)


def approve(
    customer_id: str, sponsorship_request_id: str, reason: str | None = None, *, key: str | None = None
) -> Call[SponsorshipResponse]:
    """Approve a request: complimentary access ends, a self-hosted customer gets a community plan."""
    path = _path(customer_id, sponsorship_request_id, "approve")
    return write("POST", path, SponsorshipResponse, given(reason=reason), key)


def decline(
    customer_id: str, sponsorship_request_id: str, reason: str | None = None, *, key: str | None = None
) -> Call[SponsorshipResponse]:
    """Decline a request."""
    path = _path(customer_id, sponsorship_request_id, "decline")
    return write("POST", path, SponsorshipResponse, given(reason=reason), key)


def _path(customer_id: str, *rest: str) -> str:
    return "/".join(("/customers", customer_id, "sponsorship-requests", *rest))
