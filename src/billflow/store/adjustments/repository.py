"""Credit notes, refunds and closed invoices: written under the invoice's lock, once per key (rules 28)."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain import adjustments
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
    OutOfBandPaymentInput,
    RefundInput,
    RefundRecord,
    RefundToSend,
    StripeAdjustments,
    VoidInput,
)
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus
from billflow.models.tables import CreditNoteRow, InvoiceRow, RefundRow
from billflow.ports.adjustments import AdjustmentRepository
from billflow.store.adjustments.drafts import new_note, new_refund, request_note
from billflow.store.adjustments.foreign import take_over
from billflow.store.adjustments.records import (
    adjustment_by_id,
    adjustment_record,
    load_money,
    note_record,
    refund_record,
    standing_of,
)
from billflow.store.adjustments.results import write_result
from billflow.store.audit.recorder import STRIPE
from billflow.store.invoices.collection import invoice_to_collect
from billflow.store.invoices.drafts import void
from billflow.store.invoices.locks import LockedInvoice, lock_invoice
from billflow.store.session.database import Repository


class PostgresAdjustmentRepository(Repository, AdjustmentRepository):
    """Credit notes, refunds and closed invoices in PostgreSQL."""

    async def of_invoice(self, org_id: str, invoice_id: str) -> InvoiceAdjustments:
        """Return the credit notes and refunds of an invoice, and what is left of it."""
        async with self.database.unit_of_work(org_id) as session:
            locked = await lock_invoice(session, InvoiceRef(org_id=org_id, invoice_id=invoice_id))
            money = await load_money(session, locked.invoice)
            standing = standing_of(money)
            return InvoiceAdjustments(
                credit_notes=tuple(note_record(money, note) for note in money.notes),
                refunds=tuple(refund_record(money, refund) for refund in money.refunds),
                refundable=max(standing.refundable, 0),
                creditable=max(standing.creditable, 0),
                remaining=standing.remaining,
            )

    async def get(self, ref: AdjustmentRef) -> CreditNoteRecord | RefundRecord:
        """Return a credit note or refund as it stands; raises `NotFound`."""
        async with self.database.unit_of_work(ref.org_id) as session:
            row = await adjustment_by_id(session, ref)
            invoice = await session.get_one(InvoiceRow, row.invoice_id)
            return adjustment_record(await load_money(session, invoice), row)

    async def create_refund(self, ask: RefundInput) -> RefundRecord:
        """Write a refund down, once per key; one that was given outside Stripe has succeeded.

        Raises `Refused`, `InvalidInput` or `NotFound`.
        """
        async with self.database.unit_of_work(ask.org_id) as session:
            locked = await _locked(session, ask)
            money = await load_money(session, locked.invoice)
            known = next((refund for refund in money.refunds if refund.key == ask.key), None)
            if known is not None:
                return refund_record(money, known)
            await _check_fresh(session, RefundRow, ask.key)
            given = ask.out_of_band_reference
            locked.check_text(given)
            standing = standing_of(money)
            amount = adjustments.refund(standing, ask.amount, out_of_band=given is not None)
            taxes = adjustments.taxes_in(standing, amount)
            refund = new_refund(locked, ask.key, amount, taxes=taxes, reason=ask.reason, reference=given)
            session.add(refund)
            data = {"refund_id": str(refund.id), "amount": amount, "currency": refund.currency}
            locked.record("invoice.refund_requested", data)
            await session.flush()
            if given is not None:
                await write_result(session, locked, refund, AdjustmentResult(status=AdjustmentStatus.SUCCEEDED))
                await session.flush()
                money = await load_money(session, locked.invoice)
            return refund_record(money, refund)

    async def create_credit_note(self, ask: CreditNoteInput) -> CreditNoteRecord:
        """Write a credit note down, once per key; raises `Refused`, `InvalidInput` or `NotFound`."""
        async with self.database.unit_of_work(ask.org_id) as session:
            locked = await _locked(session, ask)
            money = await load_money(session, locked.invoice)
            known = next((note for note in money.notes if note.key == ask.key), None)
            if known is not None:
                return note_record(money, known)
            await _check_fresh(session, CreditNoteRow, ask.key)
            locked.check_text(ask.memo)
            lines = {line.line_id: line.amount for line in ask.lines}
            decided = adjustments.credit_note(standing_of(money), ask.amount, lines, ask.refund_method)
            n = len(money.notes) + 1
            note = await request_note(
                session, locked, new_note(locked, ask.key, decided, (ask.reason, ask.memo), n=n), decided.lines
            )
            return note_record(await load_money(session, locked.invoice), note)

    async def close(self, ask: VoidInput) -> InvoiceStatus:
        async with self.database.unit_of_work(ask.org_id) as session:
            locked = await _locked(session, ask)
            invoice = locked.invoice
            if invoice.status is ask.to:
                locked.waive(waived=ask.waived)
                return invoice.status
            locked.check_text(ask.reason)
            standing = standing_of(await load_money(session, invoice))
            if ask.to is InvoiceStatus.VOID:
                adjustments.check_void(standing)
                await void(invoice, locked.customer, locked.recorder, waived=ask.waived, reason=ask.reason)
            else:
                adjustments.check_uncollectible(standing)
                locked.mark_uncollectible(ask.reason)
            return invoice.status

    async def mark_paid(self, ask: OutOfBandPaymentInput) -> None:
        """Mark an invoice paid outside Stripe, once; raises `Refused` or `NotFound`."""
        async with self.database.unit_of_work(ask.org_id) as session:
            locked = await _locked(session, ask)
            invoice = locked.invoice
            if invoice.status is InvoiceStatus.PAID and invoice.out_of_band_reference == ask.reference:
                return
            locked.check_text(ask.reference)
            standing = standing_of(await load_money(session, invoice))
            adjustments.check_mark_paid(standing)
            invoice.out_of_band_reference = ask.reference
            await locked.mark_paid(standing.amount_paid + standing.remaining)

    async def to_send(self, ref: AdjustmentRef) -> AdjustmentToSend:
        async with self.database.unit_of_work(ref.org_id) as session:
            row = await adjustment_by_id(session, ref)
            locked = await lock_invoice(session, _invoice_of(row))
            money = await load_money(session, locked.invoice)
            invoice, sent_first_at = await invoice_to_collect(session, _invoice_of(row)), row.created_at
            if isinstance(row, RefundRow):
                return RefundToSend(invoice=invoice, refund=refund_record(money, row), sent_first_at=sent_first_at)
            return CreditNoteToSend(invoice=invoice, note=note_record(money, row), sent_first_at=sent_first_at)

    async def notes_before_payment(self, ref: InvoiceRef) -> tuple[AdjustmentRef, ...]:
        async with self.database.unit_of_work(ref.org_id) as session:
            money = await load_money(session, (await lock_invoice(session, ref)).invoice)
            notes = [note for note in money.notes if money.counts(note) and note.before_payment == note.amount]
            return tuple(
                AdjustmentRef(org_id=ref.org_id, kind="credit_note", adjustment_id=str(note.id)) for note in notes
            )

    async def record_result(self, ref: AdjustmentRef, result: AdjustmentResult, at: datetime) -> None:
        async with self.database.unit_of_work(ref.org_id) as session:
            row = await adjustment_by_id(session, ref)
            locked = await lock_invoice(session, _invoice_of(row), at)
            money = await load_money(session, locked.invoice)
            if money.status(row) is not result.status:
                await write_result(session, locked, row, result)

    async def record_money(self, ref: InvoiceRef, money: StripeAdjustments, at: datetime) -> None:
        """Bring the invoice's refunds and credit notes to where Stripe has them, with those made there."""
        async with self.database.unit_of_work(ref.org_id) as session:
            locked = await lock_invoice(session, ref, at, actor=STRIPE)
            await take_over(session, locked, money)


def _invoice_of(row: CreditNoteRow | RefundRow) -> InvoiceRef:
    return InvoiceRef(org_id=str(row.org_id), invoice_id=str(row.invoice_id))


async def _locked(session: AsyncSession, ask: AdjustmentInput) -> LockedInvoice:
    ref = InvoiceRef(org_id=ask.org_id, invoice_id=ask.invoice_id)
    return await lock_invoice(session, ref, ask.at, actor=ask.actor, request_id=ask.request_id)


async def _check_fresh(session: AsyncSession, table: type[RefundRow | CreditNoteRow], key: str) -> None:
    """Refuse a key that was used for a refund or credit note of another invoice."""
    if await session.scalar(select(exists().where(table.key == key))):
        message = "This key was used for another invoice; take a new one."
        raise InvalidInput(message, code="idempotency_key_reused", field="key")
