"""Requests to be sponsored, and what support decides about them."""

from http import HTTPStatus

from billflow.api.changes import ChangeHere, CustomerHere, ExplainedSupportChange
from billflow.api.fields import SliceHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_finances import SponsorshipRecord, SponsorshipRequestCreate
from billflow.models.contracts.customer_responses import SponsorshipList, SponsorshipResponse

router = api_router("customers", "/customers/{customer_id}/sponsorship-requests")


@router.get("")
async def list_sponsorship_requests(customer: CustomerHere, services: ServicesHere, part: SliceHere) -> SponsorshipList:
    """List a customer's sponsorship requests, the newest first."""
    rows = await services.repositories.sponsorships.list(customer)
    return SponsorshipList.of(part.of(rows, "sponsorship_request_id"))


@router.post("", status_code=HTTPStatus.CREATED, response_model=SponsorshipResponse)
async def request_sponsorship(
    customer: CustomerHere, asked: SponsorshipRequestCreate, services: ServicesHere, change: ChangeHere
) -> SponsorshipRecord:
    """Ask to be sponsored; one request at a time waits for a decision."""
    return await services.repositories.sponsorships.request(customer, asked, change)


@router.post("/{sponsorship_request_id}/approve", response_model=SponsorshipResponse)
async def approve_sponsorship(
    customer: CustomerHere, sponsorship_request_id: str, services: ServicesHere, change: ExplainedSupportChange
) -> SponsorshipRecord:
    """Approve a request: complimentary access ends, a self-hosted customer gets a community plan.

    Refused on a paid plan, or with a scheduled upgrade.
    """
    return await services.customers.approve_sponsorship(customer, sponsorship_request_id, change)


@router.post("/{sponsorship_request_id}/decline", response_model=SponsorshipResponse)
async def decline_sponsorship(
    customer: CustomerHere, sponsorship_request_id: str, services: ServicesHere, change: ExplainedSupportChange
) -> SponsorshipRecord:
    """Decline a request."""
    return await services.repositories.sponsorships.decline(customer, sponsorship_request_id, change)
