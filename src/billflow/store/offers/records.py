"""Offers as rows: what they say, what becomes of them, and the invoice that support sent for one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.currencies import format_amount
from billflow.domain.errors import NotFound, Refused
from billflow.models.contracts.customers import CustomerPricing, OfferStatus
from billflow.models.contracts.invoices import InvoiceStatus, SentInvoice
from billflow.models.contracts.steps import StepInput
from billflow.models.tables import BillingAccountRow, CustomerPlanOffer, CustomerRow, InvoiceRow
from billflow.store.audit.recorder import Recorder
from billflow.store.invoices.issue import keep_parties
from billflow.store.invoices.lines import lines_of
from billflow.store.invoices.stripe_tax import keep_tax
from billflow.store.session.rows import NO_KEY, as_id, as_json, existing

_PRICES = ("required_plan_tier", "monthly_discounted_price", "annual_discounted_price")


async def lock_offer(session: AsyncSession, customer: CustomerRow, offer_id: str) -> CustomerPlanOffer:
    """Lock an offer made to a customer, who is locked already; raises `NotFound`."""
    offer = await session.get(CustomerPlanOffer, as_id(offer_id, "offer"), with_for_update=NO_KEY)
    mine = offer if offer and offer.customer_id == customer.id else None
    return existing(mine, "offer", offer_id, " for this customer")


async def open_offer(session: AsyncSession, customer: CustomerRow, offer_id: str) -> CustomerPlanOffer:
    """Lock an offer that can be accepted; raises `NotFound`, or `Refused` for one that is over."""
    offer = await lock_offer(session, customer, offer_id)
    if offer.status is not OfferStatus.OPEN:
        raise Refused(f"The offer is {offer.status}; ask for a new one.", code="offer_not_open", field="offer_id")
    return offer


async def named_offer(session: AsyncSession, customer: CustomerRow, step: StepInput) -> CustomerPlanOffer | None:
    """Lock the open offer that a step's command names, None where it names none, or none that is open."""
    offer_id = (step.detail.get("command") or {}).get("offer_id")
    if offer_id is None:
        return None
    try:
        return await open_offer(session, customer, offer_id)
    except (NotFound, Refused):
        return None


def fixed_price_waits(
    customer_id: ColumnElement[UUID], tier: ColumnElement[str], at: ColumnElement[datetime]
) -> ColumnElement[bool]:
    """Return whether a fixed price for *tier* waits to be accepted: there is no trial then (rules 10)."""
    offer = CustomerPlanOffer
    return exists().where(
        offer.customer_id == customer_id,
        offer.tier == tier,
        offer.status == OfferStatus.OPEN,
        offer.fixed_price.is_not(None),
        or_(offer.expires_at.is_(None), offer.expires_at > at),
    )


def close(offer: CustomerPlanOffer, status: OfferStatus, recorder: Recorder) -> None:
    """Close an open offer, and publish it."""
    offer.status, offer.closed_at = status, recorder.at
    note(offer, f"offer.{status}", recorder)


def note(offer: CustomerPlanOffer, event: str, recorder: Recorder) -> None:
    """Write an audit entry and an event about an offer."""
    data = {"offer_id": offer.id, "tier": offer.tier, "fixed_price": offer.fixed_price}
    recorder.audit(event, ("offer", offer.id), detail=as_json(data))
    recorder.publish(event, data, customer_id=offer.customer_id)


def accept(offer: CustomerPlanOffer, customer: CustomerRow, recorder: Recorder) -> None:
    """Accept an offer, storing the pricing that it is about to replace."""
    if offer.fixed_price is None:
        offer.replaced_pricing = as_json(CustomerPricing.model_validate(customer, from_attributes=True))
    close(offer, OfferStatus.ACCEPTED, recorder)


async def reopen(offer_id: UUID, customer: CustomerRow, recorder: Recorder) -> None:
    """Open an offer again whose purchase came to nothing, and undo what it did to the customer's pricing."""
    session = recorder.session
    offer = await session.get_one(CustomerPlanOffer, offer_id, with_for_update=NO_KEY)
    if offer.status is not OfferStatus.ACCEPTED:
        return
    _restore(offer, customer)
    if await _another_is_open(session, offer):
        offer.status = OfferStatus.WITHDRAWN
        return
    offer.status, offer.closed_at = OfferStatus.OPEN, None
    note(offer, "offer.reopened", recorder)


async def _another_is_open(session: AsyncSession, offer: CustomerPlanOffer) -> bool:
    same = (CustomerPlanOffer.customer_id == offer.customer_id, CustomerPlanOffer.tier == offer.tier)
    return bool(await session.scalar(select(exists().where(*same, CustomerPlanOffer.status == OfferStatus.OPEN))))


def _restore(offer: CustomerPlanOffer, customer: CustomerRow) -> None:
    """Put the old pricing back, unless support has changed the prices since."""
    agreed = (offer.tier, offer.monthly_discounted_price or 0, offer.annual_discounted_price or 0)
    if offer.replaced_pricing is None or tuple(getattr(customer, name) for name in _PRICES) != agreed:
        return
    for name, value in offer.replaced_pricing.items():
        setattr(customer, name, value)
    offer.replaced_pricing = None


async def adopt_sent_invoice(
    recorder: Recorder, sent: SentInvoice, invoice: InvoiceRow, account: BillingAccountRow
) -> None:
    """Let the invoice that support sent at Stripe be the purchase, and its Stripe customer the customer's own.

    Raises `Refused` where it is not open, belongs to someone else, buys something else already, or is over another
    amount (rules 13).
    """
    session = recorder.session
    await _check_sent(session, sent, invoice, account)
    account.stripe_customer_id = sent.stripe_customer_id
    invoice.status, invoice.stripe_invoice_id = InvoiceStatus.OPEN, sent.stripe_invoice_id
    invoice.number, invoice.hosted_invoice_url = sent.number, sent.hosted_invoice_url
    invoice.due_at, invoice.amount_due = sent.due_at or invoice.due_at, sent.total
    if invoice.automatic_tax:
        first = (await lines_of(session, invoice.id))[0]
        await keep_tax(recorder, invoice, {str(first.id): sent.taxes or ()})
    await keep_parties(session, invoice)


async def _check_sent(
    session: AsyncSession, sent: SentInvoice, invoice: InvoiceRow, account: BillingAccountRow
) -> None:
    field = "sent_invoice_id"
    if sent.status is not InvoiceStatus.OPEN or sent.stripe_customer_id is None:
        raise Refused(
            f"The sent invoice is {sent.status}; send one that is open.", code="invoice_not_open", field=field
        )
    of_this_customer = account.stripe_customer_id in (None, sent.stripe_customer_id)
    taken = exists().where(
        BillingAccountRow.stripe_customer_id == sent.stripe_customer_id, BillingAccountRow.id != account.id
    )
    if not of_this_customer or await session.scalar(select(taken)):
        message = "The sent invoice belongs to another customer; send one to this customer."
        raise Refused(message, code="invoice_of_another_customer", field=field)
    if await session.scalar(select(exists().where(InvoiceRow.stripe_invoice_id == sent.stripe_invoice_id))):
        raise Refused("The sent invoice is recorded already; send another.", code="invoice_already_used", field=field)
    if invoice.automatic_tax and sent.taxes is None:
        message = "Tax is computed by Stripe, but not on the sent invoice; send one with automatic tax."
        raise Refused(message, code="amount_mismatch", field=field)
    billed = sent.subtotal if invoice.automatic_tax else sent.total
    if (billed, sent.currency) != (invoice.total, invoice.currency):
        message = (
            f"The sent invoice is over {format_amount(billed, sent.currency)}, the offer over "
            f"{format_amount(invoice.total, invoice.currency)}; send one over the offer's amount."
        )
        raise Refused(message, code="amount_mismatch", field=field)
