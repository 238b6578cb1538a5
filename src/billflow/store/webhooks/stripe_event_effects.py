"""What Stripe's events change in the records besides closed invoices: money that went back, cards, disputes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.adjustments import CreditReason, RefundReason
from billflow.models.contracts.adjustments import (
    AdjustmentResult,
    AdjustmentStatus,
    ForeignCreditNote,
    ForeignRefund,
    StripeAdjustments,
)
from billflow.models.contracts.invoices import InvoiceRef
from billflow.models.contracts.webhooks import KnownCard, StripeDispute, StripeObjects
from billflow.models.tables import BillingAccountRow, CreditNoteRow, DisputeRow, InvoiceRow, RefundRow
from billflow.store.adjustments.records import Money, load_money
from billflow.store.adjustments.repository import write_answer
from billflow.store.audit.recorder import Recorder
from billflow.store.invoices.collection import LockedInvoice, held_invoice
from billflow.store.session.database import Database
from billflow.store.session.monitoring import ROLE

STRIPE = "stripe"
"""The actor of what somebody did at Stripe itself."""

_OVER = "won"


@dataclass(frozen=True)
class PostgresStripeEventEffects:
    """`StripeEventEffects` on PostgreSQL; every method is one transaction and safe to repeat."""

    database: Database

    async def owner_of(self, objects: StripeObjects) -> str | None:
        """Return the organization that a Stripe customer or invoice belongs to, None for strangers."""
        async with self.database.transaction(ROLE) as session:
            if objects.invoice is not None:
                query = select(InvoiceRow.org_id).where(InvoiceRow.stripe_invoice_id == objects.invoice)
                if (found := (await session.scalars(query)).one_or_none()) is not None:
                    return str(found)
            query = select(BillingAccountRow.org_id).where(BillingAccountRow.stripe_customer_id == objects.customer)
            owner = (await session.scalars(query)).one_or_none()
        return str(owner) if owner else None

    async def invoice_at(self, org_id: str, stripe_invoice_id: str) -> str | None:
        """Return the id of our invoice that Stripe holds under that id."""
        query = select(InvoiceRow.id).where(InvoiceRow.stripe_invoice_id == stripe_invoice_id)
        async with self.database.unit_of_work(org_id) as session:
            found = (await session.scalars(query)).one_or_none()
        return str(found) if found else None

    async def known_card(self, org_id: str, stripe_customer_id: str) -> KnownCard | None:
        """Return the customer behind a Stripe customer, and the default card the records know of."""
        query = select(BillingAccountRow.customer_id, BillingAccountRow.stripe_payment_method_id).where(
            BillingAccountRow.stripe_customer_id == stripe_customer_id
        )
        async with self.database.unit_of_work(org_id) as session:
            found = (await session.execute(query)).one_or_none()
        return KnownCard(customer_id=str(found[0]), payment_method=found[1]) if found else None

    async def record_card(self, org_id: str, stripe_customer_id: str, method: str | None, at: datetime) -> None:
        """Remember the customer's default card."""
        async with self.database.unit_of_work(org_id) as session:
            account = await _account(session, stripe_customer_id)
            if account is None or account.stripe_payment_method_id == method:
                return
            account.stripe_payment_method_id = method
            recorder = Recorder(session, account.org_id, at, STRIPE)
            recorder.audit("customer.card_changed", ("customer", account.customer_id))
            recorder.publish("customer.card_changed", {"has_card": method is not None}, customer_id=account.customer_id)

    async def forget_customer(self, org_id: str, stripe_customer_id: str, at: datetime) -> None:
        """Let go of a Stripe customer that was deleted there: the next invoice makes a new one."""
        async with self.database.unit_of_work(org_id) as session:
            account = await _account(session, stripe_customer_id)
            if account is None:
                return
            account.stripe_customer_id = account.stripe_payment_method_id = None
            recorder = Recorder(session, account.org_id, at, STRIPE)
            told = {"stripe_customer_id": stripe_customer_id}
            recorder.audit("customer.deleted_at_stripe", ("customer", account.customer_id), detail=told)
            recorder.publish("customer.deleted_at_stripe", told, customer_id=account.customer_id)

    async def record_money(self, ref: InvoiceRef, money: StripeAdjustments, at: datetime) -> None:
        """Bring the invoice's refunds and credit notes to where Stripe has them, with those made there."""
        async with self.database.unit_of_work(ref.org_id) as session:
            held = await held_invoice(session, ref, at)
            held = LockedInvoice(
                held.plan, held.customer, held.invoice, Recorder(session, held.invoice.org_id, at, STRIPE)
            )
            known = await load_money(session, held.invoice)
            for refund in money.foreign_refunds:
                await _take_over_refund(session, held, known, refund)
            for note in money.foreign_credit_notes:
                await _take_over_note(session, held, known, note)
            known = await load_money(session, held.invoice)
            rows: list[CreditNoteRow | RefundRow] = [*known.notes, *known.refunds]
            for row in rows:
                answer = _answer_for(row, money)
                if answer is not None and known.status(row) is not answer.status:
                    await write_answer(session, held, row, answer)

    async def record_dispute(self, org_id: str, effects: StripeDispute) -> None:
        """Keep what an event tells of a dispute, and flag the invoice until the dispute is won."""
        ref = InvoiceRef(org_id=org_id, invoice_id=effects.invoice_id)
        async with self.database.unit_of_work(org_id) as session:
            held = await held_invoice(session, ref, effects.at)
            told = effects.model_dump(mode="json", exclude={"at"})
            values = {**effects.model_dump(exclude={"invoice_id"}), "invoice_id": held.invoice.id}
            row = insert(DisputeRow).values(org_id=held.invoice.org_id, **values)
            done = await session.execute(row.on_conflict_do_nothing().returning(DisputeRow.id))
            if done.one_or_none() is None:
                return
            held.tell("invoice.disputed", told)
            newest = await _newest_dispute(session, held.invoice.id, effects.stripe_dispute_id)
            over = newest.status == _OVER
            held.invoice.attention = None if over else f"disputed: {newest.reason}, {newest.status}"


async def _account(session: AsyncSession, stripe_customer_id: str) -> BillingAccountRow | None:
    query = select(BillingAccountRow).where(BillingAccountRow.stripe_customer_id == stripe_customer_id)
    account: BillingAccountRow | None = (await session.scalars(query.with_for_update())).one_or_none()
    return account


async def _newest_dispute(session: AsyncSession, invoice_id: UUID, stripe_dispute_id: str) -> DisputeRow:
    query = select(DisputeRow).where(
        DisputeRow.invoice_id == invoice_id, DisputeRow.stripe_dispute_id == stripe_dispute_id
    )
    newest = query.order_by(DisputeRow.at.desc(), DisputeRow.created_at.desc()).limit(1)
    return (await session.scalars(newest)).one()


def _answer_for(row: CreditNoteRow | RefundRow, money: StripeAdjustments) -> AdjustmentResult | None:
    if row.key.startswith("stripe/"):
        stripe_id = row.key.removeprefix("stripe/")
        foreign = next((one for one in money.foreign_refunds if one.stripe_id == stripe_id), None)
        status = foreign.status if foreign else AdjustmentStatus.SUCCEEDED
        return AdjustmentResult(status=status, stripe_id=stripe_id)
    return (money.refunds if isinstance(row, RefundRow) else money.credit_notes).get(str(row.id))


async def _take_over_refund(session: AsyncSession, held: LockedInvoice, known: Money, made: ForeignRefund) -> None:
    key = f"stripe/{made.stripe_id}"
    if any(refund.key == key for refund in known.refunds):
        return
    session.add(_refund(held, key, made.amount, None, made.reason))
    await session.flush()


async def _take_over_note(session: AsyncSession, held: LockedInvoice, known: Money, made: ForeignCreditNote) -> None:
    key = f"stripe/{made.stripe_id}"
    if made.amount <= 0 or any(note.key == key for note in known.notes):
        return
    count = len(
        (await session.scalars(select(CreditNoteRow.id).where(CreditNoteRow.invoice_id == held.invoice.id))).all()
    )
    note = CreditNoteRow(
        id=uuid4(),
        org_id=held.invoice.org_id,
        invoice_id=held.invoice.id,
        n=count + 1,
        currency=held.invoice.currency,
        amount=made.amount,
        before_payment=made.before_payment,
        refund_amount=made.refund_amount,
        balance_amount=made.balance_amount,
        reason=CreditReason(made.reason) if made.reason in list(CreditReason) else CreditReason.ORDER_CHANGE,
        memo=made.memo,
        key=key,
        actor=STRIPE,
        at=held.recorder.at,
    )
    session.add(note)
    await session.flush()
    if made.refund_amount:
        session.add(_refund(held, f"credit-note/{note.id}", made.refund_amount, note.id, None))
        await session.flush()


def _refund(held: LockedInvoice, key: str, amount: int, note: UUID | None, reason: str | None) -> RefundRow:
    return RefundRow(
        id=uuid4(),
        org_id=held.invoice.org_id,
        invoice_id=held.invoice.id,
        credit_note_id=note,
        currency=held.invoice.currency,
        amount=amount,
        reason=RefundReason(reason) if reason in list(RefundReason) else None,
        key=key,
        actor=STRIPE,
        at=held.recorder.at,
    )
