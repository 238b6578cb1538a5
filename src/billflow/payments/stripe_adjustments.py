"""Refunds and credit notes as Stripe writes them: what is sent, how they are found again, how they stand."""

from collections.abc import Sequence
from typing import TypeVar

import stripe
from stripe.params import CreditNoteCreateParams, CreditNoteCreateParamsLine, RefundCreateParams

from billflow.models.contracts.adjustments import (
    AdjustmentResult,
    AdjustmentStatus,
    CreditNoteToSend,
    ForeignCreditNote,
    ForeignRefund,
    InvoiceBalance,
    RefundToSend,
    StripeAdjustments,
)
from billflow.payments import keys
from billflow.payments.amounts import from_stripe, to_stripe
from billflow.payments.calls import ask_all, id_of
from billflow.payments.lookup import PAGE
from billflow.payments.texts import fitted

PAYMENTS = "payments.data.payment.payment_intent"
Held = TypeVar("Held", stripe.Refund, stripe.CreditNote)
_STATUS = {
    "pending": AdjustmentStatus.PENDING,
    "requires_action": AdjustmentStatus.PENDING,
    "succeeded": AdjustmentStatus.SUCCEEDED,
    "issued": AdjustmentStatus.SUCCEEDED,
    "failed": AdjustmentStatus.FAILED,
    "canceled": AdjustmentStatus.FAILED,
    "void": AdjustmentStatus.FAILED,
}


def status_of(held: stripe.Refund | stripe.CreditNote) -> AdjustmentStatus:
    """Return how a refund or credit note stands; a word we don't know is waited for."""
    return _STATUS.get(held.status or "", AdjustmentStatus.PENDING)


def refund_params(wanted: RefundToSend, payment_intent_id: str, amount: int) -> RefundCreateParams:
    """Return the request that gives *amount*, in Stripe's units, of a refund back."""
    refund = wanted.refund
    params: RefundCreateParams = {
        "payment_intent": payment_intent_id,
        "amount": amount,
        "metadata": keys.adjustment_metadata(wanted.invoice, keys.REFUND, refund.refund_id),
    }
    if refund.reason is not None:
        params["reason"] = refund.reason.value
    return fitted("refund.create", params)


def credit_note_params(wanted: CreditNoteToSend, stripe_invoice_id: str) -> CreditNoteCreateParams:
    """Return the request that makes a credit note; what was paid goes where the note says."""
    note = wanted.note
    params: CreditNoteCreateParams = {
        "invoice": stripe_invoice_id,
        "reason": note.reason.value,
        "metadata": keys.adjustment_metadata(wanted.invoice, keys.CREDIT_NOTE, note.credit_note_id),
    }
    # Of an invoice that Stripe taxes it divides the amount itself; lines would get its tax on top.
    if note.lines and not wanted.invoice.automatic_tax:
        params["lines"] = [_line(line.description, line.amount, note.currency) for line in note.lines]
    else:
        params["amount"] = to_stripe(note.amount, note.currency)
    if note.refund_amount:
        params["refund_amount"] = to_stripe(note.refund_amount, note.currency)
    if note.balance_amount:
        params["credit_amount"] = to_stripe(note.balance_amount, note.currency)
    if note.memo:
        params["memo"] = note.memo
    return fitted("credit_note.create", params)


def payment_intents(held: stripe.Invoice) -> list[stripe.PaymentIntent]:
    """Return the payments of the invoice that went through, the largest first."""
    payments = held.payments.data if held.payments else []
    intents = [payment.payment.payment_intent for payment in payments if payment.status == "paid"]
    found = [intent for intent in intents if isinstance(intent, stripe.PaymentIntent)]
    return sorted(found, key=lambda intent: intent.amount_received, reverse=True)


async def find_refund(
    client: stripe.StripeClient, intents: Sequence[stripe.PaymentIntent], refund_id: str
) -> stripe.Refund | None:
    """Return the refund of these payments that is marked as ours."""
    return keys.oldest_marked(await list_refunds(client, intents), {keys.REFUND: refund_id})


async def find_credit_note(
    client: stripe.StripeClient, stripe_invoice_id: str, credit_note_id: str
) -> stripe.CreditNote | None:
    """Return the credit note of the invoice that is marked as ours."""
    return keys.oldest_marked(await _credit_notes(client, stripe_invoice_id), {keys.CREDIT_NOTE: credit_note_id})


async def money_of(
    client: stripe.StripeClient, held: stripe.Invoice, standing: InvoiceBalance, currency: str
) -> StripeAdjustments:
    """Return all refunds and credit notes of an invoice; a note's own refunds are told with the note.

    Refunds are listed first: a note that is made meanwhile may tell of no refund, but no refund lacks its note.
    """
    found = await list_refunds(client, payment_intents(held))
    notes = await _credit_notes(client, held.id)
    by_notes = {id_of(one.refund) for note in notes for one in note.refunds}
    refunds = [one for one in found if one.id not in by_notes]
    return StripeAdjustments(
        standing=standing,
        refunds={ours: combined(parts) for ours, parts in _ours(refunds, keys.REFUND).items()},
        credit_notes={ours: answered(one) for ours, [one, *_] in _ours(notes, keys.CREDIT_NOTE).items()},
        foreign_refunds=tuple(_foreign_refund(one, currency) for one in refunds if not _mark(one, keys.REFUND)),
        foreign_credit_notes=tuple(_foreign_note(one, currency) for one in notes if not _mark(one, keys.CREDIT_NOTE)),
    )


def answered(held: stripe.Refund | stripe.CreditNote) -> AdjustmentResult:
    """Return how one of Stripe's refunds or credit notes stands."""
    return AdjustmentResult(status=status_of(held), stripe_id=held.id)


def combined(parts: Sequence[stripe.Refund]) -> AdjustmentResult:
    """Return how a refund stands by its parts, under the id of the first.

    While some of it has failed and some not, it is under way: it must not be given once more, and a person decides.
    """
    standing = {status_of(one) for one in parts}
    status = standing.pop() if len(standing) == 1 else AdjustmentStatus.PENDING
    return AdjustmentResult(status=status, stripe_id=min(parts, key=lambda one: (one.created, one.id)).id)


def _ours(held: Sequence[Held], mark: str) -> dict[str, list[Held]]:
    found: dict[str, list[Held]] = {}
    for one in held:
        if (ours := _mark(one, mark)) is not None:
            found.setdefault(ours, []).append(one)
    return found


def _mark(held: stripe.StripeObject, mark: str) -> str | None:
    return keys.metadata_of(held).get(mark)


def _foreign_refund(held: stripe.Refund, currency: str) -> ForeignRefund:
    amount = from_stripe(held.amount, currency)
    return ForeignRefund(stripe_id=held.id, amount=amount, status=status_of(held), reason=held.reason)


def _foreign_note(held: stripe.CreditNote, currency: str) -> ForeignCreditNote:
    refunded = sum(one.amount_refunded for one in held.refunds)
    balance = held.post_payment_amount - refunded - (held.out_of_band_amount or 0)
    return ForeignCreditNote(
        stripe_id=held.id,
        amount=from_stripe(held.amount - (held.out_of_band_amount or 0), currency),
        before_payment=from_stripe(held.pre_payment_amount, currency),
        refund_amount=from_stripe(refunded, currency),
        balance_amount=from_stripe(balance, currency),
        reason=held.reason,
        memo=held.memo,
    )


async def list_refunds(client: stripe.StripeClient, intents: Sequence[stripe.PaymentIntent]) -> list[stripe.Refund]:
    """Return all refunds of these payments."""
    found: list[stripe.Refund] = []
    for intent in intents:
        query: stripe.params.RefundListParams = {"payment_intent": intent.id, "limit": PAGE}
        found += await ask_all("refund.list", client.v1.refunds.list_async(query))
    return found


async def _credit_notes(client: stripe.StripeClient, stripe_invoice_id: str) -> list[stripe.CreditNote]:
    query: stripe.params.CreditNoteListParams = {"invoice": stripe_invoice_id, "limit": PAGE}
    return await ask_all("credit_note.list", client.v1.credit_notes.list_async(query))


def _line(description: str, amount: int, currency: str) -> CreditNoteCreateParamsLine:
    return {
        "type": "custom_line_item",
        "description": description,
        "quantity": 1,
        "unit_amount": to_stripe(amount, currency),
    }
