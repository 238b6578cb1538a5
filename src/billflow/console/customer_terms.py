"""Offers to a customer, and the coupons that it is given."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from billflow.api.routes.plans import PATIENCE
from billflow.console.actions import Preview, preview_of
from billflow.console.customer_subjects import CustomerSubject
from billflow.console.pages import amount, counted, day, words
from billflow.domain.errors import NotFound, Refused
from billflow.domain.plan import CollectionMethod
from billflow.domain.seats import MAX_LICENSES
from billflow.models.contracts.base import RequestModel, RequestMoment
from billflow.models.contracts.coupons import Code, CouponAttach
from billflow.models.contracts.customers import ChangeContext, OfferStatus
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.offers import OfferCreate, OfferRecord, Price
from billflow.models.contracts.previews import PreviewResponse


class OfferForm(RequestModel):
    """What is offered; either a fixed price, or at least one price per license."""

    tier: str = Field(max_length=100)
    fixed_price: Price | None = None
    monthly_discounted_price: Price | None = None
    annual_discounted_price: Price | None = None
    minimum_licenses: Annotated[int, Field(ge=1, le=MAX_LICENSES)] | None = None
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    days_until_due: Annotated[int, Field(ge=0, le=365)] | None = None
    expires_at: RequestMoment | None = None

    def new(self) -> OfferCreate:
        """Return the offer to make."""
        return OfferCreate(**self.model_dump())


class OfferToWithdraw(RequestModel):
    """Which offer to take back."""

    offer_id: str = Field(max_length=100)


class CouponForm(RequestModel):
    """Which coupon to give."""

    coupon: Code


class CouponToDetach(RequestModel):
    """Which of its coupons the customer is to have no longer."""

    redemption_id: str = Field(max_length=100)


async def preview_offer(subject: CustomerSubject, asked: OfferForm) -> Preview:
    """Say what is offered; raises as making the offer would."""
    new, ref = asked.new(), subject.ref
    await subject.services.repositories.offers.check(ref.org_id, ref.customer_id, new, datetime.now(UTC))
    sentence = f"{subject.customer.name} is offered {words(new.tier)} at {_price(new, subject.currency)}."
    paid = f"It pays by {words(new.collection_method)}."
    until = (
        f"The offer holds until {day(new.expires_at)}." if new.expires_at else "The offer holds until it is taken back."
    )
    return preview_of([sentence, paid, until])


async def make_offer(subject: CustomerSubject, asked: OfferForm, change: ChangeContext, _: NamespacedKey) -> None:
    """Make the offer; raises `Refused` where the rules don't allow it."""
    async with asyncio.timeout(PATIENCE):
        await subject.services.offers.make(subject.ref.org_id, subject.ref.customer_id, asked.new(), change)


async def preview_withdrawal(subject: CustomerSubject, asked: OfferToWithdraw) -> Preview:
    """Say what is taken back; raises `Refused` for an offer that is over."""
    offer = await _offer(subject, asked.offer_id)
    if offer.status not in (OfferStatus.OPEN, OfferStatus.ACCEPTED):
        raise Refused("The offer is over; make a new one.", code="offer_not_open")
    ends = ["Its purchase, which is not paid yet, ends."] if offer.status is OfferStatus.ACCEPTED else []
    return preview_of([f"The offer of {words(offer.tier)} at {_price(offer, offer.currency)} is taken back.", *ends])


async def withdraw_offer(
    subject: CustomerSubject, asked: OfferToWithdraw, change: ChangeContext, _: NamespacedKey
) -> None:
    """Take the offer back; again, it stays so."""
    ref = subject.ref
    async with asyncio.timeout(PATIENCE):
        await subject.services.offers.withdraw(ref.org_id, ref.customer_id, asked.offer_id, change)


async def preview_coupon(subject: CustomerSubject, asked: CouponForm) -> Preview:
    """Say what the coupon takes off; raises as giving it would."""
    change = ChangeContext(actor="preview", at=datetime.now(UTC))
    found = await subject.services.pricing.preview_coupon(subject.ref, asked.coupon, change)
    sentences = [f"{subject.customer.name} gets the coupon {asked.coupon}, from its next cycle on."]
    if found.plan is None:
        return preview_of([*sentences, "It has no plan now; the next one is discounted."])
    return preview_of(sentences, PreviewResponse.of_terms(found.plan, found.discounts))


async def attach_coupon(subject: CustomerSubject, asked: CouponForm, change: ChangeContext, _: NamespacedKey) -> None:
    """Give the coupon; raises `Refused` where the customer may not have it."""
    coupon = CouponAttach(coupon=asked.coupon, reason=change.reason)
    await subject.services.repositories.coupons.attach(subject.ref, coupon, change)


async def preview_detachment(subject: CustomerSubject, asked: CouponToDetach) -> Preview:
    """Say what ends; raises `Refused` for a coupon that has ended."""
    found = await subject.services.repositories.coupons.of_customer(subject.ref)
    coupon = next((one for one in found if one.redemption_id == asked.redemption_id), None)
    if coupon is None:
        raise NotFound(f"There is no coupon {asked.redemption_id!r} of this customer.")
    if coupon.ended_at is not None:
        raise Refused("The coupon has ended already.", code="no_change")
    return preview_of([f"The coupon {coupon.code} discounts no cycle after the running one."])


async def detach_coupon(
    subject: CustomerSubject, asked: CouponToDetach, change: ChangeContext, _: NamespacedKey
) -> None:
    """Take the coupon back; raises `NotFound` for one of another customer."""
    await subject.services.repositories.coupons.detach(subject.ref, change, asked.redemption_id)


async def _offer(subject: CustomerSubject, offer_id: str) -> OfferRecord:
    offer = await subject.services.repositories.offers.get(subject.ref.org_id, offer_id, datetime.now(UTC))
    if offer.customer_id != subject.ref.customer_id:
        raise NotFound(f"There is no offer {offer_id!r} for this customer.")
    return offer


def _price(offer: OfferCreate, currency: str) -> str:
    if offer.fixed_price is not None:
        return f"{amount(offer.fixed_price, currency)} a year, whatever the seats"
    prices = {"month": offer.monthly_discounted_price, "year": offer.annual_discounted_price}
    parts = [f"{amount(price, currency)} a {cycle}" for cycle, price in prices.items() if price is not None]
    least = f", for at least {counted(offer.minimum_licenses, 'license')}" if offer.minimum_licenses else ""
    return f"{' or '.join(parts)} per license{least}"
