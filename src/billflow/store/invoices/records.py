"""Invoices as others see them: in an answer, in a list, with all that explains them, and on their way to Stripe."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.e_invoices import missing_for_e_invoice
from billflow.models.contracts.invoices import (
    BilledCustomer,
    InvoiceSummary,
)
from billflow.models.contracts.records import AttemptRecord, InvoiceDetail
from billflow.models.contracts.responses import LineResponse
from billflow.models.contracts.tax import TaxRecord, tax_records
from billflow.models.tables import (
    CustomerRow,
    InvoiceRow,
    PaymentAttempt,
    ReplacedStripeInvoice,
)
from billflow.store.access.seller_records import seller_of
from billflow.store.adjustments.records import IS_ADJUSTED, load_money, money_unadjusted, standing_of
from billflow.store.adjustments.shown import adjustments_shown
from billflow.store.invoices.lines import LINES_SHOWN
from billflow.store.session.plain_rows import plain_row
from billflow.store.session.rows import as_id, as_record, existing, objects_of, row_by_id


def summary(invoice: InvoiceRow) -> InvoiceSummary:
    """Return the little that answers need to know of an invoice."""
    return as_record(InvoiceSummary, invoice)


async def invoice_by_id(session: AsyncSession, invoice_id: str) -> InvoiceRow:
    """Return the row of an invoice; raises `NotFound`."""
    return await row_by_id(session, InvoiceRow, invoice_id, "invoice")


async def invoice_detail(session: AsyncSession, invoice_id: str) -> InvoiceDetail:
    """Return an invoice with everything that explains it, as it is written; raises `NotFound`.

    Its lines are made once, as the API answers them.
    """
    asked = {"of_invoice": as_id(invoice_id, "invoice")}
    found = existing(await plain_row(session, _DETAIL, asked), "invoice", invoice_id)
    invoice, customer_name, is_adjusted, replaced, lines_shown, attempts = found
    lines = tuple(map(LineResponse.model_validate, lines_shown or ()))
    unadjusted = money_unadjusted(invoice, lines)
    money = await load_money(session, invoice) if is_adjusted else unadjusted
    standing, taxes = standing_of(money), tax_records([line.line for line in lines])
    return as_record(
        InvoiceDetail,
        invoice,
        **await _e_invoice(session, invoice, taxes),
        customer_name=customer_name,
        lines=lines,
        taxes=taxes,
        **{name: getattr(standing, name) for name in ("credited", "refunded", "net_paid", "still_due")},
        adjustments=await adjustments_shown(session, money),
        replaced_stripe_invoices=tuple(replaced),
        payment_attempts=tuple(map(AttemptRecord.model_validate, attempts or ())),
    )


_OF_INVOICE = bindparam("of_invoice", type_=Uuid())
_ATTEMPT = {name: getattr(PaymentAttempt, name) for name in ("n", "outcome", "at")}
_ATTEMPTS = objects_of(_ATTEMPT, PaymentAttempt.n, PaymentAttempt.invoice_id == InvoiceRow.id)
_REPLACED = (
    select(ReplacedStripeInvoice.stripe_invoice_id)
    .where(ReplacedStripeInvoice.invoice_id == InvoiceRow.id)
    .order_by(ReplacedStripeInvoice.created_at)
)
_DETAIL = (
    select(
        InvoiceRow,
        CustomerRow.name,
        IS_ADJUSTED,
        func.array(_REPLACED.correlate(InvoiceRow).scalar_subquery()),
        LINES_SHOWN,
        _ATTEMPTS,
    )
    .join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)
    .where(InvoiceRow.id == _OF_INVOICE)
)


async def _e_invoice(
    session: AsyncSession, invoice: InvoiceRow, taxes: Sequence[TaxRecord]
) -> dict[str, bool | str | None]:
    """Tell whether there is an e-invoice of it, and why not where the seller wants one (rules 36.3)."""
    seller = await seller_of(session, invoice.seller_version_id)
    if seller is None or not seller.e_invoice or invoice.number is None:
        return {"e_invoice": False, "e_invoice_missing": None}
    buyer = Buyer.model_validate(invoice.buyer) if invoice.buyer else None
    missing = missing_for_e_invoice(seller, buyer, invoice.currency, taxes)
    return {"e_invoice": missing is None, "e_invoice_missing": missing}


async def replaced_ids(session: AsyncSession, invoice_id: UUID) -> tuple[str, ...]:
    """Return Stripe's ids of what the invoice took the place of there, the oldest first."""
    mine = ReplacedStripeInvoice.invoice_id == invoice_id
    query = select(ReplacedStripeInvoice.stripe_invoice_id).where(mine).order_by(ReplacedStripeInvoice.created_at)
    return tuple(await session.scalars(query))


async def is_anew(session: AsyncSession, invoice_id: UUID, attempt: int) -> bool:
    """Tell whether no attempt before this one was recorded since the invoice was replaced at Stripe."""
    replaced = await session.scalar(last_replaced(invoice_id))
    if replaced is None:
        return False
    since = PaymentAttempt.created_at > replaced, PaymentAttempt.n < attempt
    return not await session.scalar(select(exists().where(PaymentAttempt.invoice_id == invoice_id, *since)))


def last_replaced(invoice_id: UUID) -> Select[datetime | None]:
    """Return the query for when, in real time, the invoice was last replaced at Stripe; None for never."""
    return select(func.max(ReplacedStripeInvoice.created_at)).where(ReplacedStripeInvoice.invoice_id == invoice_id)


def billed_customer(customer: Any, account: Any, *, livemode: bool | None = None) -> BilledCustomer:
    """Return who pays, as Stripe is to know them, of rows or of parts of them."""
    return as_record(
        BilledCustomer, account, name=customer.name, email=account.invoice_email or customer.email, livemode=livemode
    )
