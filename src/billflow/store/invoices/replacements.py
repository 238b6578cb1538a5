"""What becomes of the rows when Stripe has lost a customer or an invoice (docs/stripe-objects.md)."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.invoices import InvoiceSummary, Issued
from billflow.models.tables import (
    BillingAccountRow,
    CustomerPlan,
    CustomerRow,
    InvoiceRow,
    ReplacedStripeCustomer,
    ReplacedStripeInvoice,
    TestClock,
)
from billflow.store.adjustments.balance import balances, leave_balance
from billflow.store.audit.recorder import STRIPE, Recorder
from billflow.store.invoices.drafts import open_invoices
from billflow.store.invoices.records import summary


async def account_of(session: AsyncSession, stripe_customer_id: str) -> BillingAccountRow | None:
    """Load and lock the billing account of a Stripe customer, None where no account has it."""
    query = select(BillingAccountRow).where(BillingAccountRow.stripe_customer_id == stripe_customer_id)
    account: BillingAccountRow | None = (await session.scalars(query.with_for_update())).one_or_none()
    return account


async def clock_of_customer(session: AsyncSession, customer_id: UUID) -> datetime | None:
    """Return the time of the test clock that the customer's plans are attached to, None in real time."""
    plans = select(CustomerPlan.test_clock_id).where(CustomerPlan.customer_id == customer_id)
    found: datetime | None = await session.scalar(select(TestClock.now_at).where(TestClock.id.in_(plans)))
    return found


def was_replaced(stripe_customer_id: str | None) -> ColumnElement[bool]:
    """Tell whether a Stripe customer was given up, for Stripe had lost it."""
    return exists().where(ReplacedStripeCustomer.stripe_customer_id == stripe_customer_id)


IS_REPLACED = select(exists().where(ReplacedStripeCustomer.stripe_customer_id == bindparam("stripe_customer")))


async def is_replaced(session: AsyncSession, issued: Issued) -> bool:
    """Tell whether an invoice was issued to a Stripe customer that was given up meanwhile."""
    return bool(await session.scalar(IS_REPLACED, {"stripe_customer": issued.stripe_customer_id}))


async def replace_customer(
    session: AsyncSession, account: BillingAccountRow, at: datetime
) -> tuple[InvoiceSummary, ...]:
    """Give up the Stripe customer of an account; return the unpaid invoices, which go to the next one.

    An erased customer has neither, and gets no next one.
    """
    customer = await session.get_one(CustomerRow, account.customer_id)
    moment = await clock_of_customer(session, customer.id) or at
    recorder = Recorder(session, account.org_id, moment, STRIPE)
    unpaid = await open_invoices(session, InvoiceRow.billing_account_id == account.id)
    for invoice in unpaid:
        if invoice.stripe_invoice_id is not None:
            await replace_invoice(session, invoice, recorder)
    await session.flush()
    stripe_customer_id, balance = account.stripe_customer_id, None
    if customer.erased_at is None:
        balance = (await balances(session, [account.id]))[account.id]
        lost = {"stripe_customer_id": stripe_customer_id, "balance": balance, "at": moment}
        session.add(ReplacedStripeCustomer(org_id=account.org_id, billing_account_id=account.id, **lost))
    data = {"stripe_customer_id": stripe_customer_id, "balance": balance, "currency": account.currency}
    had_card, account.stripe_payment_method_id = account.stripe_payment_method_id is not None, None
    account.stripe_customer_id = account.card_since = None
    recorder.audit("customer.deleted_at_stripe", ("customer", customer.id), detail=data)
    recorder.publish("customer.deleted_at_stripe", data, customer_id=customer.id)
    if had_card:
        recorder.audit("customer.card_changed", ("customer", customer.id))
        recorder.publish("customer.card_changed", {"has_card": False}, customer_id=customer.id)
    return tuple(map(summary, unpaid))


async def to_issue_anew(session: AsyncSession, stripe_customer_id: str) -> tuple[InvoiceSummary, ...]:
    """Return the unpaid invoices of a Stripe customer that was given up before, as far as they are not issued anew."""
    lost = ReplacedStripeCustomer
    account = select(lost.billing_account_id).where(lost.stripe_customer_id == stripe_customer_id).scalar_subquery()
    waiting = InvoiceRow.billing_account_id == account, InvoiceRow.stripe_invoice_id.is_(None)
    return tuple(map(summary, await open_invoices(session, *waiting)))


async def replace_invoice(session: AsyncSession, invoice: InvoiceRow, recorder: Recorder) -> None:
    """Make an unpaid invoice ready to be issued anew: due as long after now as at first, and with no balance used."""
    lost = {"stripe_invoice_id": str(invoice.stripe_invoice_id), "number": invoice.number}
    session.add(ReplacedStripeInvoice(org_id=invoice.org_id, invoice_id=invoice.id, at=recorder.at, **lost))
    leave_balance(invoice, recorder)
    invoice.balance_applied = 0
    if invoice.days_until_due is not None:
        invoice.due_at = max(invoice.due_at, recorder.at + timedelta(days=invoice.days_until_due))
    invoice.stripe_invoice_id = invoice.hosted_invoice_url = invoice.sent_first_at = None
    invoice.amount_due = invoice.last_outcome = None
    recorder.audit("invoice.replaced", ("invoice", invoice.id), detail=lost)
    recorder.publish_invoice("invoice.replaced", invoice, lost)
