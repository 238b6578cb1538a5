"""The adjustments of an invoice as it shows them: what counts, the oldest first."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.invoice_adjustments import AdjustmentKind, InvoiceAdjustment
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.tables import AuditLog, CreditNoteRow, InvoiceRow, RefundRow
from billflow.store.adjustments.records import Money, standing_of
from billflow.store.audit.personal_data import personal_data_of
from billflow.store.session.rows import from_row

_CLOSURES = {
    InvoiceStatus.VOID: (AdjustmentKind.VOID, "invoice.voided"),
    InvoiceStatus.UNCOLLECTIBLE: (AdjustmentKind.WRITE_OFF, "invoice.marked_uncollectible"),
}
"""How what closed an invoice is called here, and in the audit log."""


async def adjustments_shown(session: AsyncSession, money: Money) -> tuple[InvoiceAdjustment, ...]:
    """Return the credit notes and refunds that count, and what closed the invoice."""
    notes = [_note(note, money.number(note)) for note in money.notes if money.counts(note)]
    refunds = [_refund(refund, money.number(refund)) for refund in money.refunds if money.counts(refund)]
    return (*sorted((*notes, *refunds), key=lambda one: one.at), *await _closure(session, money))


def _note(note: CreditNoteRow, number: str | None) -> InvoiceAdjustment:
    return from_row(
        InvoiceAdjustment,
        note,
        kind=AdjustmentKind.CREDIT_NOTE,
        adjustment_id=note.id,
        number=number,
        reason=note.reason.value,
        credit_note_id=None,
    )


def _refund(refund: RefundRow, number: str | None) -> InvoiceAdjustment:
    return InvoiceAdjustment(
        kind=AdjustmentKind.REFUND,
        adjustment_id=str(refund.id),
        number=number,
        at=refund.at,
        amount=refund.amount,
        reason=refund.reason.value if refund.reason else None,
        memo=refund.out_of_band_reference,
        credit_note_id=str(refund.credit_note_id) if refund.credit_note_id else None,
    )


async def _closure(session: AsyncSession, money: Money) -> tuple[InvoiceAdjustment, ...]:
    """Return what closed an invoice; why is in the audit log."""
    invoice = money.invoice
    if invoice.status not in _CLOSURES:
        return ()
    standing = standing_of(money)
    kind, action = _CLOSURES[invoice.status]
    entry = await _audited(session, invoice, action)
    at = (invoice.voided_at if kind is AdjustmentKind.VOID else invoice.written_off_at) or invoice.due_at
    amount = standing.creditable if kind is AdjustmentKind.VOID else standing.remaining
    return (InvoiceAdjustment(kind=kind, at=at, amount=amount, reason=await _reason(session, invoice, entry)),)


async def _audited(session: AsyncSession, invoice: InvoiceRow, action: str) -> AuditLog | None:
    mine = AuditLog.subject_type == "invoice", AuditLog.subject_id == str(invoice.id), AuditLog.action == action
    return (await session.scalars(select(AuditLog).where(*mine).order_by(AuditLog.sequence.desc()).limit(1))).first()


async def _reason(session: AsyncSession, invoice: InvoiceRow, entry: AuditLog | None) -> str | None:
    """Open why an invoice was closed, which the customer's key seals."""
    if entry is None or not entry.detail:
        return None
    reader = await personal_data_of(session, [invoice.customer_id])
    reason = reader.open(invoice.customer_id, entry.detail).get("reason")
    return None if reason is None else str(reason)
