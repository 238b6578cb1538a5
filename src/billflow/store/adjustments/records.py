"""The credit notes and refunds of one invoice, loaded together: how its money stands, and how each is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.adjustments import InvoiceMoney
from billflow.domain.errors import NotFound
from billflow.models.contracts.adjustments import AdjustmentStatus, CreditedLine, CreditNoteRecord, RefundRecord
from billflow.models.tables import (
    AdjustmentAnswer,
    CreditNoteLineRow,
    CreditNoteRow,
    InvoiceLineRow,
    InvoiceRow,
    RefundRow,
)
from billflow.store.session.database import as_id


@dataclass(frozen=True)
class Money:
    """An invoice with its lines, credit notes, refunds and the newest answer to each of them."""

    invoice: InvoiceRow
    lines: Sequence[InvoiceLineRow]
    notes: Sequence[CreditNoteRow]
    note_lines: Sequence[CreditNoteLineRow]
    refunds: Sequence[RefundRow]
    answers: Mapping[UUID, AdjustmentAnswer]

    def status(self, row: CreditNoteRow | RefundRow) -> AdjustmentStatus:
        """Return how a credit note or refund stands."""
        answer = self.answers.get(row.id)
        return answer.status if answer else AdjustmentStatus.REQUESTED

    def counts(self, row: CreditNoteRow | RefundRow) -> bool:
        """Tell whether its money has moved, or may have."""
        return self.status(row).counts


async def load_money(session: AsyncSession, invoice: InvoiceRow) -> Money:
    """Load everything about the money of an invoice."""
    lines = select(InvoiceLineRow).where(InvoiceLineRow.invoice_id == invoice.id).order_by(InvoiceLineRow.n)
    notes = select(CreditNoteRow).where(CreditNoteRow.invoice_id == invoice.id).order_by(CreditNoteRow.n)
    refunds = select(RefundRow).where(RefundRow.invoice_id == invoice.id).order_by(RefundRow.at, RefundRow.id)
    found_notes, found_refunds = (await session.scalars(notes)).all(), (await session.scalars(refunds)).all()
    note_ids, refund_ids = [note.id for note in found_notes], [refund.id for refund in found_refunds]
    note_lines = select(CreditNoteLineRow).where(CreditNoteLineRow.credit_note_id.in_(note_ids))
    answers = (
        select(AdjustmentAnswer)
        .where(or_(AdjustmentAnswer.credit_note_id.in_(note_ids), AdjustmentAnswer.refund_id.in_(refund_ids)))
        .order_by(AdjustmentAnswer.sequence)
    )
    newest = {
        subject: answer
        for answer in await session.scalars(answers)
        if (subject := answer.credit_note_id or answer.refund_id) is not None
    }
    return Money(
        invoice=invoice,
        lines=(await session.scalars(lines)).all(),
        notes=found_notes,
        note_lines=(await session.scalars(note_lines)).all(),
        refunds=found_refunds,
        answers=newest,
    )


def standing_of(money: Money) -> InvoiceMoney:
    """Return how the money stands; what Stripe refused or could not carry out does not count."""
    invoice = money.invoice
    notes = [note for note in money.notes if money.counts(note)]
    refunds = [refund for refund in money.refunds if money.counts(refund)]
    counted = {note.id for note in notes}
    credited: dict[str, int] = {}
    for line in money.note_lines:
        if line.credit_note_id in counted:
            key = str(line.invoice_line_id)
            credited[key] = credited.get(key, 0) + line.amount
    return InvoiceMoney(
        status=invoice.status,
        total=invoice.total,
        amount_due=invoice.total if invoice.amount_due is None else invoice.amount_due,
        amount_paid=invoice.amount_paid,
        credited=sum(note.amount for note in notes),
        credited_before_payment=sum(note.before_payment for note in notes),
        refunded=sum(refund.amount for refund in refunds),
        refunded_by_notes=sum(refund.amount for refund in refunds if refund.credit_note_id is not None),
        lines={str(line.id): line.amount for line in money.lines},
        credited_lines=credited,
    )


def refund_record(money: Money, refund: RefundRow) -> RefundRecord:
    """Return a refund as it is shown."""
    answer = money.answers.get(refund.id)
    return RefundRecord(
        refund_id=str(refund.id),
        invoice_id=str(refund.invoice_id),
        credit_note_id=str(refund.credit_note_id) if refund.credit_note_id else None,
        currency=refund.currency,
        amount=refund.amount,
        reason=refund.reason,
        status=money.status(refund),
        stripe_id=answer.stripe_id if answer else None,
        message=answer.message if answer else None,
        actor=refund.actor,
        at=refund.at,
    )


def note_record(money: Money, note: CreditNoteRow) -> CreditNoteRecord:
    """Return a credit note as it is shown."""
    answer = money.answers.get(note.id)
    names = {line.id: line.description for line in money.lines}
    return CreditNoteRecord(
        credit_note_id=str(note.id),
        invoice_id=str(note.invoice_id),
        n=note.n,
        currency=note.currency,
        amount=note.amount,
        before_payment=note.before_payment,
        refund_amount=note.refund_amount,
        balance_amount=note.balance_amount,
        reason=note.reason,
        memo=note.memo,
        lines=tuple(
            CreditedLine(line_id=str(line.invoice_line_id), description=names[line.invoice_line_id], amount=line.amount)
            for line in money.note_lines
            if line.credit_note_id == note.id
        ),
        status=money.status(note),
        stripe_id=answer.stripe_id if answer else None,
        message=answer.message if answer else None,
        actor=note.actor,
        at=note.at,
    )


async def refund_by_id(session: AsyncSession, refund_id: str) -> RefundRow:
    """Return a refund; raises `NotFound`."""
    found = await session.get(RefundRow, as_id(refund_id, "refund"))
    if found is None:
        raise NotFound(f"There is no refund {refund_id!r}.")
    return found


async def note_by_id(session: AsyncSession, credit_note_id: str) -> CreditNoteRow:
    """Return a credit note; raises `NotFound`."""
    found = await session.get(CreditNoteRow, as_id(credit_note_id, "credit note"))
    if found is None:
        raise NotFound(f"There is no credit note {credit_note_id!r}.")
    return found
