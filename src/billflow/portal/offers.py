"""Offers to a customer: what one says, and taking it."""

import asyncio
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from fastapi import APIRouter, Response

from billflow.api.routes.plans import PATIENCE
from billflow.domain.errors import BillingError, InvalidInput, Refused
from billflow.domain.plan import LicenseManagement, Schedule
from billflow.errors import kind_of
from billflow.models.contracts.customers import OfferStatus
from billflow.models.contracts.invoices import NotPaid
from billflow.models.contracts.offers import Acceptance, OfferRecord
from billflow.pages.confirmations import given_key, new_key, with_key
from billflow.pages.forms import FormHere
from billflow.portal.actions import key_in, licenses_in
from billflow.portal.security import PortalRoute
from billflow.portal.texts import Reader
from billflow.portal.visits import PortalVisit, VisitHere

router = APIRouter(route_class=PortalRoute)


@router.get("/offers/{offer_id}")
async def show_offer(visit: VisitHere, offer_id: str) -> Response:
    """Show an offer to the customer, and how it may be taken; the way to that with a key first."""
    visit.check("accept_offers")
    offer, key = await visit.offer(offer_id), given_key(visit.request)
    return await _page(visit, offer, key=key) if key else with_key(visit.request)


@router.post("/offers/{offer_id}")
async def accept_offer(visit: VisitHere, offer_id: str, sent: FormHere) -> Response:
    """Take the offer, once for each form however often that is sent, and wait for the card where it pays by card."""
    visit.check("accept_offers")
    offer = await visit.offer(offer_id)
    try:
        chosen, change = _chosen(offer, sent), visit.change()
        async with asyncio.timeout(PATIENCE):
            accepting = visit.services.offers.accept(offer.org_id, offer.customer_id, offer.offer_id, chosen, change)
            outcome = (await accepting).outcome
    except BillingError as error:
        return await _page(visit, offer, problem=error)
    if isinstance(outcome, NotPaid):
        return await _page(visit, offer, not_paid=outcome)
    return visit.redirect("/?done=accepted")


async def sentences_of(visit: PortalVisit, offer: OfferRecord) -> list[str]:
    """Say what is offered, at which price and until when."""
    catalog = await visit.services.repositories.catalogs.current(offer.org_id)
    return list(_sentences(offer, catalog.tier(offer.tier).name, visit.reader))


def _sentences(offer: OfferRecord, tier: str, reader: Reader) -> Iterator[str]:
    content = reader.content
    if offer.fixed_price is not None:
        yield reader.say("offer_fixed", tier=tier, price=content.amount(offer.fixed_price, offer.currency))
    for schedule, price in _prices(offer).items():
        written = content.amount(price, offer.currency)
        yield reader.say("offer_each", tier=tier, price=written, schedule=reader.texts["schedules"][schedule])
    if offer.minimum_licenses:
        yield reader.say("offer_least", n=content.number(offer.minimum_licenses))
    if offer.expires_at:
        yield reader.say("offer_until", date=content.day(offer.expires_at))


def _prices(offer: OfferRecord) -> Mapping[Schedule, int]:
    both = {Schedule.ANNUAL: offer.annual_discounted_price, Schedule.MONTHLY: offer.monthly_discounted_price}
    return {schedule: price for schedule, price in both.items() if price}


def _schedules(offer: OfferRecord) -> tuple[Schedule, ...]:
    """Return how the offer may be paid: of a fixed price the year at once, or in twelve parts."""
    return (Schedule.ANNUAL, Schedule.MONTHLY) if offer.fixed_price is not None else tuple(_prices(offer))


def _chosen(offer: OfferRecord, sent: Mapping[str, str]) -> Acceptance:
    schedule, licenses = sent.get("schedule", ""), sent.get("licenses", "").strip()
    if schedule not in _schedules(offer):
        raise InvalidInput("schedule must be one that is offered.", field="schedule")
    if not licenses:
        return Acceptance(key=key_in(sent), schedule=Schedule(schedule))
    return Acceptance(
        key=key_in(sent),
        schedule=Schedule(schedule),
        licenses=licenses_in(licenses),
        license_management=LicenseManagement.MANUAL,
    )


async def _page(
    visit: PortalVisit,
    offer: OfferRecord,
    *,
    key: str | None = None,
    problem: BillingError | None = None,
    not_paid: NotPaid | None = None,
) -> Response:
    """Return the page of an offer; what was refused is tried again under another key."""
    if problem is None and offer.status is not OfferStatus.OPEN:
        problem = Refused("The offer is over.", code="offer_not_open")
    return visit.page(
        "offer.html",
        status=(kind_of(type(problem)).http_status or 500) if problem else HTTPStatus.OK,
        offer=offer,
        sentences=await sentences_of(visit, offer),
        schedules=_schedules(offer),
        is_open=offer.status is OfferStatus.OPEN,
        problem=problem,
        not_paid=not_paid,
        key=key or new_key(),
    )
