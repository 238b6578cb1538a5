"""What Stripe is to know of an invoice: read by one statement; another one notes that it is sent, the first time."""

from collections import namedtuple
from collections.abc import Iterable
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Uuid, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from billflow.domain.invoicing.draft import NOT_TAXED
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.invoices import UNPAID, InvoiceRef, InvoiceToCollect
from billflow.models.contracts.tax_locations import tax_location
from billflow.models.tables import (
    BillingAccountRow,
    CustomerRow,
    InvoiceLineRow,
    InvoiceRow,
    Org,
    ReplacedStripeInvoice,
)
from billflow.store.access.seller_records import NEWEST_SELLER, seller_of
from billflow.store.adjustments.balance import HAS_CREDITS, credits_to_post
from billflow.store.invoices.issue import Parties, note_sent
from billflow.store.invoices.records import billed_customer, is_anew, replaced_ids
from billflow.store.session.rows import as_id, as_record, existing
from billflow.store.session.sent_directly import fetch

_LINE = ("n", "kind", "description", "quantity", "unit_amount", "amount", "period_start", "period_end")
_INVOICE = (
    "id",
    "org_id",
    "plan_id",
    "customer_id",
    "kind",
    "status",
    "collection_method",
    "total",
    "currency",
    "issued_at",
    "tax_known",
    "number",
    "sequence",
    "days_until_due",
    "statement_descriptor",
    "amount_paid",
    "stripe_invoice_id",
    "sent_first_at",
    "out_of_band_reference",
    "replaces_invoice_id",
    "due_at",
    "automatic_tax",
)
_CUSTOMER = (
    "id",
    "name",
    "email",
    "settings",
    "billing_address",
    "tax_exempt",
    "erp_customer_number",
    "default_language",
    "deleted_at",
)
_ACCOUNT = ("id", "org_id", "customer_id", "currency", "invoice_email", "stripe_customer_id", "credits_from")


def _tuple_of(name: str, fields: Iterable[str]) -> Any:
    return namedtuple(name, tuple(fields))  # noqa: PYI024  (which fields is data)


_PARTS = ((InvoiceRow, _INVOICE), (CustomerRow, _CUSTOMER), (BillingAccountRow, _ACCOUNT))
_FIELDS = {"line_id": InvoiceLineRow.id} | {name: getattr(InvoiceLineRow, name) for name in _LINE}
_OBJECT = func.json_build_object(*(part for field in _FIELDS.items() for part in field))
_LINES = (
    select(func.json_agg(aggregate_order_by(_OBJECT, InvoiceLineRow.n), type_=JSON))
    .where(InvoiceLineRow.invoice_id == InvoiceRow.id)
    .correlate(InvoiceRow)
    .scalar_subquery()
)
_DEFAULT = aliased(BillingAccountRow)
_MAIL = (
    select(_DEFAULT.invoice_email)
    .where(_DEFAULT.customer_id == CustomerRow.id, _DEFAULT.is_default)
    .correlate(CustomerRow)
    .scalar_subquery()
)
_MORE = {
    "has_parties": InvoiceRow.buyer.is_not(None),
    "livemode": Org.livemode,
    "has_credits": HAS_CREDITS,
    "is_replaced": exists().where(ReplacedStripeInvoice.invoice_id == InvoiceRow.id),
    "seller_version_id": NEWEST_SELLER,
    "invoice_email": _MAIL,
    "lines": _LINES,
}
_TUPLES = [_tuple_of(table.__name__, columns) for table, columns in _PARTS]
_Found = _tuple_of("_Found", ("invoice", "customer", "account", *_MORE))
_TO_COLLECT = (
    select(
        *(getattr(table, column) for table, columns in _PARTS for column in columns),
        *(what.label(name) for name, what in _MORE.items()),
    )
    .select_from(InvoiceRow)
    .join(CustomerRow, CustomerRow.id == InvoiceRow.customer_id)
    .join(BillingAccountRow, BillingAccountRow.id == InvoiceRow.billing_account_id)
    .join(Org, Org.id == InvoiceRow.org_id)
    .where(InvoiceRow.id == bindparam("invoice_id", type_=Uuid()))
)


async def invoice_to_collect(session: AsyncSession, ref: InvoiceRef) -> InvoiceToCollect:
    """Return all that the payment gateway needs of an invoice; raises `NotFound`."""
    return await _to_collect(session, ref, await _found(session, ref))


async def invoice_to_send(session: AsyncSession, ref: InvoiceRef) -> InvoiceToCollect:
    """Return the same of an invoice that Stripe is asked about now, and note the first time; raises `NotFound`."""
    found = await _found(session, ref)
    if found.invoice.sent_first_at is not None or found.invoice.status not in UNPAID:
        return await _to_collect(session, ref, found)
    sent = await note_sent(session, found.invoice, await _parties(session, found))
    if sent is None:  # somebody else was first meanwhile
        return await invoice_to_collect(session, ref)
    return await _to_collect(session, ref, found, **sent)


async def _found(session: AsyncSession, ref: InvoiceRef) -> Any:
    found = await fetch(session, _TO_COLLECT, {"invoice_id": as_id(ref.invoice_id, "invoice")})
    values = iter(existing(found[0] if found else None, "invoice", ref.invoice_id))
    return _Found(*(part._make(islice(values, len(part._fields))) for part in _TUPLES), *values)


async def _parties(session: AsyncSession, found: Any) -> Parties | None:
    """Return who sells and who buys; None where the invoice has that already."""
    if found.has_parties:
        return None
    existing(None if found.customer.deleted_at else found, "customer", str(found.customer.id))
    seller = await seller_of(session, found.seller_version_id)
    return Parties(Buyer.paying(found.customer, found.invoice_email), found.seller_version_id, seller)


async def _to_collect(session: AsyncSession, ref: InvoiceRef, found: Any, **sent: Any) -> InvoiceToCollect:
    invoice, customer, account = found.invoice, found.customer, found.account
    taxed_there = invoice.automatic_tax
    place = (customer.billing_address, customer.settings)
    return as_record(
        InvoiceToCollect,
        invoice,
        **sent,
        customer=billed_customer(customer, account, livemode=found.livemode),
        lines=[line for line in found.lines or () if not (taxed_there and line["kind"] in NOT_TAXED)],
        tax_location=tax_location(*place, is_exempt=customer.tax_exempt) if taxed_there else None,
        credits=await credits_to_post(session, customer.id, account) if found.has_credits else (),
        lost_stripe_ids=await replaced_ids(session, invoice.id) if found.is_replaced else (),
        is_anew=found.is_replaced and await is_anew(session, invoice.id, ref.attempt),
    )
