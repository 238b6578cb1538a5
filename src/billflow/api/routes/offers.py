"""Offers: what support prepares for one customer, and what the customer makes of it."""

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Body

from billflow.api.changes import ChangeHere, CustomerHere, SupportChange
from billflow.api.fields import KeyHere, SliceHere
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.routes.plans import PATIENCE
from billflow.api.services import ServicesHere
from billflow.domain.errors import NotFound
from billflow.models.contracts.offers import (
    Acceptance,
    CreatedOfferResponse,
    OfferAcceptanceCreate,
    OfferCreate,
    OfferList,
    OfferRecord,
    OfferResponse,
    OfferUpdate,
)
from billflow.models.contracts.responses import PlanStartResponse

router = api_router("offers")

OF_CUSTOMER = "/customers/{customer_id}/offers"
OFFER = f"{OF_CUSTOMER}/{{offer_id}}"

_OFFERS = {
    "a fixed price": {
        "value": {"tier": "cloud_enterprise", "fixed_price": 1200000, "expires_at": "2199-01-31T00:00:00Z"},
    },
    "prices per license": {
        "value": {"tier": "cloud_standard", "monthly_discounted_price": 600, "annual_discounted_price": 6000},
    },
}
_CHOICES = {"by the month": {"value": {"schedule": "monthly"}}, "by the year": {"value": {"schedule": "annual"}}}


@router.post(OF_CUSTOMER, status_code=HTTPStatus.CREATED)
async def make_offer(
    customer: CustomerHere,
    asked: Annotated[OfferCreate, Body(openapi_examples=_OFFERS)],
    services: ServicesHere,
    change: SupportChange,
) -> CreatedOfferResponse:
    """Make an offer; there is one open offer for each customer and tier."""
    async with asyncio.timeout(PATIENCE):
        made = await services.offers.make(customer.org_id, customer.customer_id, asked, change)
    return CreatedOfferResponse.of_made(made)


@router.get(OF_CUSTOMER)
async def list_offers(customer: CustomerHere, services: ServicesHere, part: SliceHere) -> OfferList:
    """List what a customer was offered, the newest first."""
    offers = await services.repositories.offers.list(customer.org_id, customer.customer_id, datetime.now(UTC))
    return OfferList.of(part.of(offers, "offer_id"))


@router.get(OFFER, response_model=OfferResponse)
async def show_offer(customer: CustomerHere, offer_id: str, services: ServicesHere) -> OfferRecord:
    """Show an offer as it stands."""
    offer = await services.repositories.offers.get(customer.org_id, offer_id, datetime.now(UTC))
    if offer.customer_id != customer.customer_id:
        raise NotFound(f"There is no offer {offer_id!r} for this customer.")
    return offer


@router.get("/offers/{offer_id}", response_model=OfferResponse)
async def find_offer(offer_id: str, services: ServicesHere, principal: PrincipalHere) -> OfferRecord:
    """Show an offer, whichever customer it was made to."""
    return await services.repositories.offers.get(principal.org_id, offer_id, datetime.now(UTC))


@router.patch(OFFER, response_model=OfferResponse)
async def change_offer(
    customer: CustomerHere, offer_id: str, asked: OfferUpdate, services: ServicesHere, change: SupportChange
) -> OfferRecord:
    """Change an open offer: its prices, how it is paid, until when it holds; `null` takes a value away."""
    return await services.repositories.offers.update(customer.org_id, customer.customer_id, offer_id, asked, change)


@router.delete(OFFER, response_model=OfferResponse)
async def withdraw_offer(
    customer: CustomerHere, offer_id: str, services: ServicesHere, change: SupportChange
) -> OfferRecord:
    """Take an offer back; a purchase of it that is not paid yet ends, and its invoice is voided."""
    async with asyncio.timeout(PATIENCE):
        return await services.offers.withdraw(customer.org_id, customer.customer_id, offer_id, change)


@router.post(f"{OFFER}/accept", status_code=HTTPStatus.CREATED)
async def accept_offer(  # noqa: PLR0913  (each is asked for in its own part of the request)
    customer: CustomerHere,
    offer_id: str,
    *,
    asked: Annotated[OfferAcceptanceCreate, Body(openapi_examples=_CHOICES)],
    services: ServicesHere,
    change: ChangeHere,
    key: KeyHere,
) -> PlanStartResponse:
    """Start the plan at the offer's price, and wait for the card where it pays by card."""
    if asked.test_clock_id:
        clock = await services.repositories.test_clocks.get(customer.org_id, asked.test_clock_id)
        change = change.model_copy(update={"at": clock.now_at})
    chosen = Acceptance(key=key, **asked.model_dump())
    async with asyncio.timeout(PATIENCE):
        accepting = services.offers.accept(customer.org_id, customer.customer_id, offer_id, chosen, change)
        return PlanStartResponse.of(await accepting)
