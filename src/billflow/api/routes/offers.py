"""Offers: what support prepares for one customer, and what the customer makes of it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path
from pydantic import ConfigDict, Field

from billflow.api.changes import change_by
from billflow.api.fields import KeyHere, RequestModel, RequestMoment, SliceHere
from billflow.api.principal import PrincipalHere, SupportHere
from billflow.api.requests import CheckedRoute
from billflow.api.routes.plans import PATIENCE
from billflow.api.services import ServicesHere
from billflow.api.views import ListResponse, PlanResponse, PlanStartResponse, ResponseModel
from billflow.domain.errors import NotFound
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.models.contracts.offers import Acceptance, NewOffer, OfferChange, OfferRecord


@dataclass(frozen=True)
class NamedOffer:
    """The customer and the offer that a path names."""

    customer_id: Annotated[str, Path()]
    offer_id: Annotated[str, Path()]


OfferHere = Annotated[NamedOffer, Depends()]

router = APIRouter(prefix="/customers/{customer_id}/offers", tags=["offers"], route_class=CheckedRoute)

_OFFERS = {
    "a fixed price": {
        "value": {"tier": "cloud_enterprise", "fixed_price": 1200000, "expires_at": "2199-01-31T00:00:00Z"},
    },
    "prices per license": {
        "value": {"tier": "cloud_standard", "monthly_discounted_price": 600, "annual_discounted_price": 6000},
    },
}
_CHOICES = {"by the month": {"value": {"schedule": "monthly"}}, "by the year": {"value": {"schedule": "annual"}}}


class OfferCreate(NewOffer):
    """An offer to make: a yearly `fixed_price`, or prices per license, in minor units of the customer's currency.

    With `sent_invoice_id`, an open invoice that support has sent at Stripe, the plan starts when that is paid.
    """

    model_config = ConfigDict(extra="forbid")

    expires_at: RequestMoment | None = None


class OfferUpdate(OfferChange):
    """What to change of an open offer; its tier stays, and what is left out."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"fixed_price": 1100000, "expires_at": "2199-03-31T00:00:00Z"}]}
    )

    expires_at: RequestMoment | None = None


class OfferAcceptanceCreate(RequestModel):
    """How the customer takes the offer; licenses matter only where the offer is a price per license."""

    schedule: Schedule = Schedule.ANNUAL
    licenses: int | None = None
    license_management: LicenseManagement = LicenseManagement.AUTOMATIC
    collection_method: CollectionMethod | None = None
    test_clock_id: str | None = Field(None, max_length=100)


class OfferResponse(OfferRecord):
    """An offer; amounts in minor units of `currency`."""

    org_id: str = Field(exclude=True)
    offer_id: str = Field(serialization_alias="id")


class OfferList(ListResponse):
    """What a customer was offered, the newest first."""

    offers: list[OfferResponse] = Field(validation_alias="rows")


class CreatedOfferResponse(ResponseModel):
    """An offer that was made, and the plan that waits for its invoice where support had sent one."""

    offer: OfferResponse
    plan: PlanResponse | None = None


@router.post("", status_code=HTTPStatus.CREATED)
async def make_offer(
    customer_id: str,
    asked: Annotated[OfferCreate, Body(openapi_examples=_OFFERS)],
    services: ServicesHere,
    principal: SupportHere,
) -> CreatedOfferResponse:
    """Make an offer; there is one open offer for each customer and tier."""
    new = NewOffer.model_validate(asked.model_dump())
    async with asyncio.timeout(PATIENCE):
        made = await services.offers.make(principal.org_id, customer_id, new, change_by(principal))
    return CreatedOfferResponse.of({"offer": made.offer, "plan": made.started.state if made.started else None})


@router.get("")
async def list_offers(customer_id: str, services: ServicesHere, principal: PrincipalHere, part: SliceHere) -> OfferList:
    """List what a customer was offered, the newest first."""
    offers = await services.repositories.offers.list(principal.org_id, customer_id, datetime.now(UTC))
    return OfferList.of(part.of(offers, attrgetter("offer_id")))


@router.get("/{offer_id}", response_model=OfferResponse)
async def show_offer(customer_id: str, offer_id: str, services: ServicesHere, principal: PrincipalHere) -> OfferRecord:
    """Show an offer as it stands."""
    offer = await services.repositories.offers.get(principal.org_id, offer_id, datetime.now(UTC))
    if offer.customer_id != customer_id:
        raise NotFound(f"There is no offer {offer_id!r} for this customer.")
    return offer


@router.patch("/{offer_id}", response_model=OfferResponse)  # noqa: FAST003  (OfferHere takes both ids)
async def change_offer(
    named: OfferHere, asked: OfferUpdate, services: ServicesHere, principal: SupportHere
) -> OfferRecord:
    """Change an open offer: its prices, how it is paid, until when it holds; `null` takes a value away."""
    wanted = OfferChange.model_validate(asked.model_dump(exclude_unset=True))
    offers = services.repositories.offers
    return await offers.update(principal.org_id, named.customer_id, named.offer_id, wanted, change_by(principal))


@router.delete("/{offer_id}", response_model=OfferResponse)
async def withdraw_offer(
    customer_id: str, offer_id: str, services: ServicesHere, principal: SupportHere
) -> OfferRecord:
    """Take an offer back; a purchase of it that is not paid yet ends, and its invoice is voided."""
    async with asyncio.timeout(PATIENCE):
        return await services.offers.withdraw(principal.org_id, customer_id, offer_id, change_by(principal))


@router.post("/{offer_id}/accept", status_code=HTTPStatus.CREATED)  # noqa: FAST003  (OfferHere takes both ids)
async def accept_offer(
    named: OfferHere,
    asked: Annotated[OfferAcceptanceCreate, Body(openapi_examples=_CHOICES)],
    services: ServicesHere,
    principal: PrincipalHere,
    key: KeyHere,
) -> PlanStartResponse:
    """Start the plan at the offer's price, and wait for the card where it pays by card."""
    change = change_by(principal)
    if asked.test_clock_id:
        clock = await services.repositories.test_clocks.get(principal.org_id, asked.test_clock_id)
        change = change.model_copy(update={"at": clock.now_at})
    chosen = Acceptance(key=key, **asked.model_dump())
    async with asyncio.timeout(PATIENCE):
        accepting = services.offers.accept(principal.org_id, named.customer_id, named.offer_id, chosen, change)
        return PlanStartResponse.of(await accepting)
