"""What invoices came to: their sums, with what was credited and refunded of them summed up once for each invoice.

A customer with thousands of invoices has few adjustments, so these are found first, and joined.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, FromClause, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute

from billflow.models.contracts.adjustments import AdjustmentStatus
from billflow.models.tables import AdjustmentResultRow, CreditNoteRow, InvoiceRow, RefundRow

Adjusting = type[RefundRow] | type[CreditNoteRow]

STANDS = InvoiceRow.replaced_by_invoice_id.is_(None)
"""An invoice that was issued again is what the new one is over, though what was paid of it was paid."""

MONEY = ("invoiced", "tax", "credited", "paid", "refunded", "net_paid")
"""What a group of invoices came to, by the names that reports have for it."""

_CAME_TO_NOTHING = [status for status in AdjustmentStatus if not status.counts]


class AdjustedInvoices:
    """The invoices of a customer, each with what was credited and refunded of it.

    What Stripe refused or could not carry out does not count.
    """

    def __init__(self, customer_id: UUID) -> None:
        credited = _by_invoice(CreditNoteRow, AdjustmentResultRow.credit_note_id, customer_id)
        refunded = _by_invoice(RefundRow, AdjustmentResultRow.refund_id, customer_id)
        credits_it, refunds_it = (one.c.invoice_id == InvoiceRow.id for one in (credited, refunded))
        self.rows: FromClause = InvoiceRow.__table__.outerjoin(credited, credits_it).outerjoin(refunded, refunds_it)
        self._credited = func.coalesce(credited.c.amount, 0)
        self._refunded = func.coalesce(refunded.c.amount, 0)
        self._tax = InvoiceRow.tax - func.coalesce(credited.c.tax, 0) - func.coalesce(refunded.c.tax, 0)

    @property
    def kept(self) -> ColumnElement[int]:
        """Return what was paid of an invoice, without what was refunded."""
        return InvoiceRow.amount_paid - self._refunded

    @property
    def sums(self) -> Mapping[str, ColumnElement[Any]]:
        """Return what a group of invoices came to, by the names of `MONEY`."""
        amounts = (
            func.coalesce(func.sum(InvoiceRow.total).filter(STANDS), 0),
            func.coalesce(func.sum(self._tax).filter(STANDS), 0),
            func.coalesce(func.sum(self._credited).filter(STANDS), 0),
            func.sum(InvoiceRow.amount_paid),
            func.sum(self._refunded),
            func.sum(self.kept),
        )
        return dict(zip(MONEY, amounts, strict=True))


def left_to_pay() -> ColumnElement[int]:
    """Return what is left to pay of an invoice once the customer's balance and credit notes lowered it."""
    due = func.coalesce(InvoiceRow.amount_due, InvoiceRow.total)
    lowering = select(func.sum(CreditNoteRow.before_payment)).where(
        CreditNoteRow.invoice_id == InvoiceRow.id, _counts(CreditNoteRow, AdjustmentResultRow.credit_note_id)
    )
    return due - InvoiceRow.amount_paid - func.coalesce(lowering.correlate(InvoiceRow).scalar_subquery(), 0)


def _by_invoice(table: Adjusting, of: InstrumentedAttribute[UUID | None], customer_id: UUID) -> Any:
    mine = select(InvoiceRow.id).where(InvoiceRow.customer_id == customer_id)
    tax = func.sum(_tax_in(table)).label("tax")
    return (
        select(table.invoice_id, func.sum(table.amount).label("amount"), tax)
        .where(table.invoice_id.in_(mine), _counts(table, of))
        .group_by(table.invoice_id)
        .subquery()
    )


def _counts(table: Adjusting, of: InstrumentedAttribute[UUID | None]) -> ColumnElement[bool]:
    newest = (
        select(AdjustmentResultRow.status)
        .where(of == table.id)
        .order_by(AdjustmentResultRow.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(newest, AdjustmentStatus.REQUESTED).not_in(_CAME_TO_NOTHING)


def _tax_in(table: Adjusting) -> Any:
    by_line = func.jsonb_each_text(table.taxes).table_valued("key", "value")
    return select(func.coalesce(func.sum(cast(by_line.c.value, BigInteger)), 0)).scalar_subquery()
