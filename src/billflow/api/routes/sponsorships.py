"""Requests to be sponsored, and what support decides about them."""

from http import HTTPStatus
from operator import attrgetter

from fastapi import APIRouter
from pydantic import ConfigDict

from billflow.api.changes import change_by, ref_of
from billflow.api.customer_views import SponsorshipList, SponsorshipResponse
from billflow.api.fields import SliceHere
from billflow.api.principal import PrincipalHere, SupportHere
from billflow.api.requests import CheckedRoute
from billflow.api.routes.customer_status import WhyHere
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_finances import NewSponsorshipRequest, SponsorshipRecord

router = APIRouter(prefix="/customers/{customer_id}/sponsorship-requests", tags=["customers"], route_class=CheckedRoute)


class SponsorshipRequestCreate(NewSponsorshipRequest):
    """Why a customer should not have to pay."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "organization_type": "open_source",
                    "website": "https://example.org",
                    "description": "A compiler that volunteers maintain.",
                    "expected_users": 120,
                }
            ]
        },
    )


@router.get("")
async def list_sponsorship_requests(
    customer_id: str, services: ServicesHere, principal: PrincipalHere, part: SliceHere
) -> SponsorshipList:
    """List a customer's sponsorship requests, the newest first."""
    rows = await services.repositories.sponsorships.list(ref_of(principal, customer_id))
    return SponsorshipList.of(part.of(rows, attrgetter("sponsorship_request_id")))


@router.post("", status_code=HTTPStatus.CREATED, response_model=SponsorshipResponse)
async def request_sponsorship(
    customer_id: str, asked: SponsorshipRequestCreate, services: ServicesHere, principal: PrincipalHere
) -> SponsorshipRecord:
    """Ask to be sponsored; one request at a time waits for a decision."""
    return await services.repositories.sponsorships.request(ref_of(principal, customer_id), asked, change_by(principal))


@router.post("/{request_id}/approve", response_model=SponsorshipResponse)
async def approve_sponsorship(
    customer_id: str, request_id: str, services: ServicesHere, principal: SupportHere, why: WhyHere = None
) -> SponsorshipRecord:
    """Approve a request: complimentary access ends, a self-hosted customer gets a community plan.

    Refused on a paid plan, or with a scheduled upgrade.
    """
    change = change_by(principal, why.reason if why else None)
    return await services.customers.approve_sponsorship(ref_of(principal, customer_id), request_id, change)


@router.post("/{request_id}/decline", response_model=SponsorshipResponse)
async def decline_sponsorship(
    customer_id: str, request_id: str, services: ServicesHere, principal: SupportHere, why: WhyHere = None
) -> SponsorshipRecord:
    """Decline a request."""
    change = change_by(principal, why.reason if why else None)
    return await services.repositories.sponsorships.decline(ref_of(principal, customer_id), request_id, change)
