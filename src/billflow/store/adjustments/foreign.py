"""Refunds and credit notes that somebody made at Stripe itself."""

from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.adjustments import CreditNote, CreditReason, RefundReason, taxes_in
from billflow.models.contracts.adjustments import (
    AdjustmentResult,
    AdjustmentStatus,
    ForeignCreditNote,
    ForeignRefund,
    StripeAdjustments,
)
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.tables import CreditNoteRow, RefundRow
from billflow.store.adjustments.drafts import new_note, new_refund, write_note
from billflow.store.adjustments.records import Money, load_money, standing_of
from billflow.store.adjustments.results import write_result
from billflow.store.invoices.locks import LockedInvoice


async def take_over(session: AsyncSession, locked: LockedInvoice, money: StripeAdjustments) -> None:
    """Write what was made at Stripe, and every result that Stripe has changed."""
    known = await load_money(session, locked.invoice)
    for refund in money.foreign_refunds:
        await _take_over_refund(session, locked, known, refund)
    for note in money.foreign_credit_notes:
        await _take_over_note(session, locked, known, note)
    known = await load_money(session, locked.invoice)
    rows: list[CreditNoteRow | RefundRow] = [*known.notes, *known.refunds]
    for row in rows:
        result = _result_for(row, money)
        if result is not None and known.status(row) is not result.status:
            await write_result(session, locked, row, result)


async def _take_over_refund(session: AsyncSession, locked: LockedInvoice, known: Money, made: ForeignRefund) -> None:
    key = KeyNamespace.STRIPE.key(made.stripe_id)
    if any(refund.key == key for refund in known.refunds):
        return
    reason = RefundReason(made.reason) if made.reason in list(RefundReason) else None
    taxes = taxes_in(standing_of(await load_money(session, locked.invoice)), made.amount)
    session.add(new_refund(locked, key, made.amount, taxes=taxes, reason=reason))
    await session.flush()


async def _take_over_note(session: AsyncSession, locked: LockedInvoice, known: Money, made: ForeignCreditNote) -> None:
    key = KeyNamespace.STRIPE.key(made.stripe_id)
    if made.amount <= 0 or any(note.key == key for note in known.notes):
        return
    now = await load_money(session, locked.invoice)
    decided = CreditNote(
        amount=made.amount,
        lines={},
        before_payment=made.before_payment,
        refund=made.refund_amount,
        balance=made.balance_amount,
        taxes=taxes_in(standing_of(now), made.amount),
    )
    reason = CreditReason(made.reason) if made.reason in list(CreditReason) else CreditReason.ORDER_CHANGE
    note = new_note(locked, key, decided, (reason, made.memo), n=len(now.notes) + 1)
    await write_note(session, locked, note, {})


def _result_for(row: CreditNoteRow | RefundRow, money: StripeAdjustments) -> AdjustmentResult | None:
    if stripe_id := KeyNamespace.STRIPE.name_of(row.key):
        foreign = next((one for one in money.foreign_refunds if one.stripe_id == stripe_id), None)
        status = foreign.status if foreign else AdjustmentStatus.SUCCEEDED
        return AdjustmentResult(status=status, stripe_id=stripe_id)
    return (money.refunds if isinstance(row, RefundRow) else money.credit_notes).get(str(row.id))
