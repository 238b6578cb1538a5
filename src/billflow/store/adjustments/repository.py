"""Credit notes, refunds and closed invoices: written under the invoice's lock, once per key (rules 28)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain import adjustments
from billflow.domain.adjustments import CreditNote as Decided
from billflow.domain.adjustments import InvoiceMoney
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.adjustments import (
    AdjustmentInput,
    AdjustmentRef,
    AdjustmentResult,
    AdjustmentStatus,
    AdjustmentToSend,
    CreditNoteInput,
    CreditNoteRecord,
    CreditNoteToSend,
    InvoiceAdjustments,
    RefundInput,
    RefundRecord,
    RefundToSend,
    VoidInput,
)
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus
from billflow.models.tables import AdjustmentAnswer, CreditNoteLineRow, CreditNoteRow, CreditRow, RefundRow
from billflow.store.adjustments.records import (
    Money,
    load_money,
    note_by_id,
    note_record,
    refund_by_id,
    refund_record,
    standing_of,
)
from billflow.store.audit.recorder import Recorder
from billflow.store.invoices.collection import Collection, LockedInvoice, held_invoice
from billflow.store.invoices.drafts import void
from billflow.store.session.database import as_id


@dataclass(frozen=True)
class Settling(Collection):
    """What is done to invoices beyond collecting them."""

    async def adjustments(self, org_id: str, invoice_id: str) -> InvoiceAdjustments:
        """Return the credit notes and refunds of an invoice, and what is left of it."""
        async with self.database.unit_of_work(org_id) as session:
            held = await held_invoice(session, InvoiceRef(org_id=org_id, invoice_id=invoice_id), None)
            money = await load_money(session, held.invoice)
            standing = standing_of(money)
            return InvoiceAdjustments(
                credit_notes=tuple(note_record(money, note) for note in money.notes),
                refunds=tuple(refund_record(money, refund) for refund in money.refunds),
                refundable=max(standing.refundable, 0),
                creditable=max(standing.creditable, 0),
                remaining=standing.remaining,
            )

    async def create_refund(self, ask: RefundInput) -> RefundRecord:
        """Write a refund down, once per key; raises `Refused`, `InvalidInput` or `NotFound`."""
        async with self.database.unit_of_work(ask.org_id) as session:
            held = await _held(session, ask)
            money = await load_money(session, held.invoice)
            known = next((refund for refund in money.refunds if refund.key == ask.key), None)
            if known is not None:
                return refund_record(money, known)
            await _check_fresh(session, RefundRow, ask.key)
            amount = adjustments.refund(standing_of(money), ask.amount)
            refund = _refund(held, ask, amount, None)
            refund.reason = ask.reason
            session.add(refund)
            told = {"refund_id": str(refund.id), "amount": amount, "currency": refund.currency}
            held.tell("invoice.refund_requested", told)
            await session.flush()
            return refund_record(money, refund)

    async def create_credit_note(self, ask: CreditNoteInput) -> CreditNoteRecord:
        """Write a credit note down, once per key; raises `Refused`, `InvalidInput` or `NotFound`."""
        async with self.database.unit_of_work(ask.org_id) as session:
            held = await _held(session, ask)
            money = await load_money(session, held.invoice)
            known = next((note for note in money.notes if note.key == ask.key), None)
            if known is not None:
                return note_record(money, known)
            await _check_fresh(session, CreditNoteRow, ask.key)
            lines = {line.line_id: line.amount for line in ask.lines}
            decided = adjustments.credit_note(standing_of(money), ask.amount, lines, ask.give_back)
            note = _note(held, ask, decided, len(money.notes) + 1)
            await _write_note(session, held, note, decided, ask)
            return note_record(await load_money(session, held.invoice), note)

    async def close(self, ask: VoidInput) -> InvoiceStatus:
        """Void an open invoice or give it up, and return how it stands; raises `Refused` or `NotFound`."""
        async with self.database.unit_of_work(ask.org_id) as session:
            held = await _held(session, ask)
            invoice = held.invoice
            if invoice.status is ask.to:
                return invoice.status
            standing = standing_of(await load_money(session, invoice))
            if ask.to is InvoiceStatus.VOID:
                adjustments.check_void(standing)
                void(invoice, held.customer, held.recorder)
            else:
                adjustments.check_uncollectible(standing)
                held.give_up(ask.reason)
            return invoice.status

    async def to_send(self, ref: AdjustmentRef) -> AdjustmentToSend:
        """Return all that the gateway needs of a credit note or refund; raises `NotFound`."""
        async with self.database.unit_of_work(ref.org_id) as session:
            row = await _row(session, ref)
            held = await held_invoice(session, InvoiceRef(org_id=ref.org_id, invoice_id=str(row.invoice_id)), None)
            money = await load_money(session, held.invoice)
        invoice = await self.invoice_to_collect(InvoiceRef(org_id=ref.org_id, invoice_id=str(row.invoice_id)))
        if isinstance(row, RefundRow):
            return RefundToSend(invoice=invoice, refund=refund_record(money, row), sent_first_at=row.created_at)
        return CreditNoteToSend(invoice=invoice, note=note_record(money, row), sent_first_at=row.created_at)

    async def record_answer(self, ref: AdjustmentRef, answer: AdjustmentResult, at: datetime) -> None:
        """Remember what Stripe said of it; the same answer again is no news."""
        async with self.database.unit_of_work(ref.org_id) as session:
            row = await _row(session, ref)
            held = await held_invoice(session, InvoiceRef(org_id=ref.org_id, invoice_id=str(row.invoice_id)), at)
            money = await load_money(session, held.invoice)
            if money.status(row) is not answer.status:
                await write_answer(session, held, row, answer)

    async def adjustment(self, ref: AdjustmentRef) -> CreditNoteRecord | RefundRecord:
        """Return a credit note or refund as it stands; raises `NotFound`."""
        async with self.database.unit_of_work(ref.org_id) as session:
            row = await _row(session, ref)
            held = await held_invoice(session, InvoiceRef(org_id=ref.org_id, invoice_id=str(row.invoice_id)), None)
            money = await load_money(session, held.invoice)
            return refund_record(money, row) if isinstance(row, RefundRow) else note_record(money, row)


async def _check_fresh(session: AsyncSession, table: type[RefundRow | CreditNoteRow], key: str) -> None:
    """Refuse a key that asked for money back on another invoice."""
    if await session.scalar(select(exists().where(table.key == key))):
        message = "This key was used for another invoice; take a new one."
        raise InvalidInput(message, code="idempotency_key_reused", field="key")


async def _held(session: AsyncSession, ask: AdjustmentInput) -> LockedInvoice:
    held = await held_invoice(session, InvoiceRef(org_id=ask.org_id, invoice_id=ask.invoice_id), ask.at)
    recorder = Recorder(session, held.invoice.org_id, ask.at, ask.actor, ask.request_id)
    return LockedInvoice(held.plan, held.customer, held.invoice, recorder)


async def _row(session: AsyncSession, ref: AdjustmentRef) -> CreditNoteRow | RefundRow:
    if ref.kind == "refund":
        return await refund_by_id(session, ref.adjustment_id)
    return await note_by_id(session, ref.adjustment_id)


def _refund(held: LockedInvoice, ask: AdjustmentInput, amount: int, note: UUID | None) -> RefundRow:
    return RefundRow(
        id=uuid4(),
        org_id=held.invoice.org_id,
        invoice_id=held.invoice.id,
        credit_note_id=note,
        currency=held.invoice.currency,
        amount=amount,
        key=ask.key if note is None else f"credit-note/{note}",
        actor=ask.actor,
        at=ask.at,
    )


def _note(held: LockedInvoice, ask: CreditNoteInput, decided: Decided, n: int) -> CreditNoteRow:
    return CreditNoteRow(
        id=uuid4(),
        org_id=held.invoice.org_id,
        invoice_id=held.invoice.id,
        n=n,
        currency=held.invoice.currency,
        amount=decided.amount,
        before_payment=decided.before_payment,
        refund_amount=decided.refund,
        balance_amount=decided.balance,
        reason=ask.reason,
        memo=ask.memo,
        key=ask.key,
        actor=ask.actor,
        at=ask.at,
    )


async def _write_note(
    session: AsyncSession, held: LockedInvoice, note: CreditNoteRow, decided: Decided, ask: CreditNoteInput
) -> None:
    session.add(note)
    await session.flush()
    for line_id, amount in decided.lines.items():
        line = CreditNoteLineRow(
            org_id=note.org_id, credit_note_id=note.id, invoice_line_id=as_id(line_id, "line"), amount=amount
        )
        session.add(line)
    if decided.refund:
        session.add(_refund(held, ask, decided.refund, note.id))
    told = {"credit_note_id": str(note.id), "amount": note.amount, "currency": note.currency, "reason": note.reason}
    held.tell("invoice.credit_note_requested", told)
    await session.flush()


async def write_answer(
    session: AsyncSession, held: LockedInvoice, row: CreditNoteRow | RefundRow, answer: AdjustmentResult
) -> None:
    """Write an answer, for a credit note also that of its refund, and what follows from success."""
    _keep_answer(session, held, row, answer)
    noun = "refund" if isinstance(row, RefundRow) else "credit_note"
    told = {f"{noun}_id": str(row.id), "amount": row.amount, "currency": row.currency, "message": answer.message}
    held.tell(f"invoice.{noun}_{answer.status}", told)
    if isinstance(row, CreditNoteRow):
        refund = await session.scalar(select(RefundRow).where(RefundRow.credit_note_id == row.id))
        if refund is not None:
            _keep_answer(session, held, refund, answer)
        if answer.status is AdjustmentStatus.SUCCEEDED:
            await _take_effect(session, held, row)


def _keep_answer(
    session: AsyncSession, held: LockedInvoice, row: CreditNoteRow | RefundRow, answer: AdjustmentResult
) -> None:
    session.add(
        AdjustmentAnswer(
            org_id=row.org_id,
            credit_note_id=row.id if isinstance(row, CreditNoteRow) else None,
            refund_id=row.id if isinstance(row, RefundRow) else None,
            status=answer.status,
            stripe_id=answer.stripe_id,
            message=answer.message,
            at=held.recorder.at,
        )
    )


async def _take_effect(session: AsyncSession, held: LockedInvoice, note: CreditNoteRow) -> None:
    """Grant what went to the customer's balance, and close an invoice of which nothing is left to pay."""
    invoice = held.invoice
    if note.balance_amount:
        # Stripe put it onto the balance by itself: the row names the invoice, so that it is not posted again.
        credit = CreditRow(
            org_id=note.org_id,
            customer_id=invoice.customer_id,
            plan_id=None,
            invoice_id=invoice.id,
            amount=note.balance_amount,
            currency=note.currency,
            reason="credit_note",
            step_key=f"credit-note/{note.id}",
            at=note.at,
        )
        session.add(credit)
    await session.flush()
    money: Money = await load_money(session, invoice)
    standing: InvoiceMoney = standing_of(money)
    if invoice.status is InvoiceStatus.OPEN and note.before_payment and not standing.remaining:
        held.settle(standing.amount_paid)
