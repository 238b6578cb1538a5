"""Invoices as they are shown, with lines, derivations and attempts."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound
from billflow.domain.proration import Derivation
from billflow.models.contracts.records import AttemptRecord, InvoiceDetail, InvoiceRecord, LineRecord
from billflow.models.tables import InvoiceLineRow, InvoiceRow, LedgerAllocation, LicenseLedger, PaymentAttempt
from billflow.store.plans.snapshots import summary

_DERIVATION = TypeAdapter(Derivation)


def invoice_record(invoice: InvoiceRow) -> InvoiceRecord:
    """Return an invoice as lists show it."""
    return InvoiceRecord(
        **summary(invoice).model_dump(),
        customer_id=str(invoice.customer_id),
        number=invoice.number,
        due_at=invoice.due_at,
        auto_advance=invoice.auto_advance,
        statement_descriptor=invoice.statement_descriptor,
        flat_discount_months=invoice.flat_discount_months,
        licenses=invoice.licenses,
        stripe_invoice_id=invoice.stripe_invoice_id,
        hosted_invoice_url=invoice.hosted_invoice_url,
        amount_due=invoice.amount_due,
        amount_paid=invoice.amount_paid,
        balance_applied=invoice.balance_applied,
        paid_at=invoice.paid_at,
        voided_at=invoice.voided_at,
        attempts=invoice.attempts,
        next_attempt_at=invoice.next_attempt_at,
        next_action=invoice.next_action,
        attention=invoice.attention,
        last_outcome=invoice.last_outcome,
    )


async def invoice_detail(session: AsyncSession, invoice_id: UUID) -> InvoiceDetail:
    """Return an invoice with everything that explains it; raises `NotFound`."""
    invoice = await session.get(InvoiceRow, invoice_id)
    if invoice is None:
        raise NotFound(f"There is no invoice {str(invoice_id)!r}.")
    lines = select(InvoiceLineRow).where(InvoiceLineRow.invoice_id == invoice_id).order_by(InvoiceLineRow.n)
    attempts = select(PaymentAttempt).where(PaymentAttempt.invoice_id == invoice_id).order_by(PaymentAttempt.n)
    rows = (await session.scalars(lines)).all()
    billed = await _billed(session, (row.id for row in rows))
    return InvoiceDetail(
        **invoice_record(invoice).model_dump(),
        lines=tuple(_line(row, billed.get(row.id, [])) for row in rows),
        payment_attempts=tuple(
            AttemptRecord(n=attempt.n, outcome=attempt.outcome, at=attempt.at)
            for attempt in await session.scalars(attempts)
        ),
    )


async def _billed(session: AsyncSession, lines: Iterable[UUID]) -> dict[UUID, list[int]]:
    query = (
        select(LedgerAllocation.invoice_line_id, LicenseLedger.seq)
        .join(LicenseLedger, LicenseLedger.id == LedgerAllocation.entry_id)
        .where(LedgerAllocation.invoice_line_id.in_(list(lines)))
        .order_by(LicenseLedger.seq)
    )
    billed: dict[UUID, list[int]] = {}
    for line_id, seq in await session.execute(query):
        if line_id is not None:
            billed.setdefault(line_id, []).append(seq)
    return billed


def _line(row: InvoiceLineRow, entries: list[int]) -> LineRecord:
    return LineRecord(
        line_id=str(row.id),
        n=row.n,
        kind=row.kind,
        description=row.description,
        quantity=row.quantity,
        unit_amount=row.unit_amount,
        amount=row.amount,
        period_start=row.period_start,
        period_end=row.period_end,
        derivation=_DERIVATION.validate_python(row.derivation),
        entries=tuple(entries),
    )
