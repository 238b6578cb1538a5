"""The credit notes and refunds of one invoice, loaded together: how its money stands, and how each is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound
from billflow.domain.settling import Standing
from billflow.models.contracts.settling import CreditedLine, CreditNoteRecord, RefundRecord, SettlementStatus
from billflow.models.tables import CreditNote, CreditNoteLine, Invoice, InvoiceLine, Refund, SettlementAnswer
from billflow.store.engine import as_id


@dataclass(frozen=True)
class Money:
    """An invoice with its lines, credit notes, refunds and the newest answer to each of them."""

    invoice: Invoice
    lines: Sequence[InvoiceLine]
    notes: Sequence[CreditNote]
    note_lines: Sequence[CreditNoteLine]
    refunds: Sequence[Refund]
    answers: Mapping[UUID, SettlementAnswer]

    def status(self, row: CreditNote | Refund) -> SettlementStatus:
        """Return how a credit note or refund stands."""
        answer = self.answers.get(row.id)
        return answer.status if answer else SettlementStatus.ASKED

    def counts(self, row: CreditNote | Refund) -> bool:
        """Tell whether its money has moved, or may have."""
        return self.status(row).counts


async def load_money(session: AsyncSession, invoice: Invoice) -> Money:
    """Load everything about the money of an invoice."""
    lines = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id).order_by(InvoiceLine.n)
    notes = select(CreditNote).where(CreditNote.invoice_id == invoice.id).order_by(CreditNote.n)
    refunds = select(Refund).where(Refund.invoice_id == invoice.id).order_by(Refund.at, Refund.id)
    found_notes, found_refunds = (await session.scalars(notes)).all(), (await session.scalars(refunds)).all()
    note_ids, refund_ids = [note.id for note in found_notes], [refund.id for refund in found_refunds]
    note_lines = select(CreditNoteLine).where(CreditNoteLine.credit_note_id.in_(note_ids))
    answers = (
        select(SettlementAnswer)
        .where(or_(SettlementAnswer.credit_note_id.in_(note_ids), SettlementAnswer.refund_id.in_(refund_ids)))
        .order_by(SettlementAnswer.sequence)
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


def standing_of(money: Money) -> Standing:
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
    return Standing(
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


def refund_record(money: Money, refund: Refund) -> RefundRecord:
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


def note_record(money: Money, note: CreditNote) -> CreditNoteRecord:
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


async def refund_by_id(session: AsyncSession, refund_id: str) -> Refund:
    """Return a refund; raises `NotFound`."""
    found = await session.get(Refund, as_id(refund_id, "refund"))
    if found is None:
        raise NotFound(f"There is no refund {refund_id!r}.")
    return found


async def note_by_id(session: AsyncSession, credit_note_id: str) -> CreditNote:
    """Return a credit note; raises `NotFound`."""
    found = await session.get(CreditNote, as_id(credit_note_id, "credit note"))
    if found is None:
        raise NotFound(f"There is no credit note {credit_note_id!r}.")
    return found
