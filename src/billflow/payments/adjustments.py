"""Refunds and credit notes at Stripe, each made once, and invoices marked uncollectible."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import stripe

from billflow.models.contracts.adjustments import (
    AdjustmentResult,
    AdjustmentStatus,
    AdjustmentToSend,
    CreditNoteToSend,
    InvoiceBalance,
    MarkedBalance,
    RefundToSend,
    StripeAdjustments,
)
from billflow.models.contracts.invoices import InvoiceStatus, InvoiceToCollect
from billflow.payments import keys
from billflow.payments.amounts import from_stripe
from billflow.payments.calls import act_once, act_unless_done, ask, ask_if_there, id_of, retrieve_invoice
from billflow.payments.errors import port_faults
from billflow.payments.mode import check_mode
from billflow.payments.refunds import make_refund
from billflow.payments.stripe_adjustments import (
    PAYMENTS,
    answered,
    combined,
    credit_note_params,
    find_credit_note,
    money_of,
    payment_intents,
)
from billflow.ports.payments import AdjustmentGateway, PaymentsRejected


@dataclass(frozen=True)
class StripeAdjustmentGateway(AdjustmentGateway):
    """Refunds and credit notes at Stripe; `now` is the real time, by which idempotency keys expire.

    With `livemode` the client's key moves real money.
    """

    client: stripe.StripeClient
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    livemode: bool = False

    async def create(self, wanted: AdjustmentToSend) -> AdjustmentResult:
        check_mode(wanted.invoice.customer, livemode=self.livemode)
        try:
            with port_faults():
                if isinstance(wanted, RefundToSend):
                    return combined(await self._refund(wanted))
                return answered(await self._credit(wanted))
        except PaymentsRejected as error:
            return AdjustmentResult(status=AdjustmentStatus.REJECTED, message=error.message)

    async def mark_uncollectible(self, invoice: InvoiceToCollect) -> InvoiceStatus:
        check_mode(invoice.customer, livemode=self.livemode)
        with port_faults():
            held = await self._held(invoice)
            if held is not None and held.status == "open":
                held = await self._mark_uncollectible(invoice.invoice_id, held.id)
            return InvoiceStatus.UNCOLLECTIBLE if held is None else InvoiceStatus(held.status or "draft")

    async def standing(self, stripe_invoice_id: str) -> MarkedBalance | None:
        """Return how the invoice stands, None where Stripe has none of that id."""
        with port_faults():
            held = await ask_if_there("invoice.retrieve", self.client.v1.invoices.retrieve_async(stripe_invoice_id))
        if held is None:
            return None
        balance, marks = _standing(held, held.currency.upper()), keys.metadata_of(held)
        return MarkedBalance(**balance.model_dump(), org_id=marks.get(keys.ORG), invoice_id=marks.get(keys.INVOICE))

    async def money(self, invoice: InvoiceToCollect) -> StripeAdjustments | None:
        """Return how the invoice stands with all its refunds and credit notes."""
        with port_faults():
            held = await self._held(invoice)
            if held is None:
                return None
            return await money_of(self.client, held, _standing(held, invoice.currency), invoice.currency)

    async def invoice_of_payment(self, payment_intent_id: str) -> str | None:
        """Return the Stripe id of the invoice that a payment was for, None where it was for none."""
        payment: stripe.params.InvoicePaymentListParams = {
            "payment": {"type": "payment_intent", "payment_intent": payment_intent_id}
        }
        with port_faults():
            found = await ask("invoice_payment.list", self.client.v1.invoice_payments.list_async(payment))
        return id_of(found.data[0].invoice) if found.data else None

    async def _held(self, invoice: InvoiceToCollect) -> stripe.Invoice | None:
        if invoice.stripe_invoice_id is None:
            return None
        return await retrieve_invoice(self.client, invoice.stripe_invoice_id, PAYMENTS)

    async def _refund(self, wanted: RefundToSend) -> list[stripe.Refund]:
        held = await self._held(wanted.invoice)
        gone = keys.may_have_expired(wanted.sent_first_at, self.now())
        return await make_refund(self.client, wanted, payment_intents(held) if held else [], look_first=gone)

    async def _credit(self, wanted: CreditNoteToSend) -> stripe.CreditNote:
        stripe_invoice_id = wanted.invoice.stripe_invoice_id or ""
        params = credit_note_params(wanted, stripe_invoice_id)

        async def look() -> stripe.CreditNote | None:
            return await find_credit_note(self.client, stripe_invoice_id, wanted.note.credit_note_id)

        if keys.may_have_expired(wanted.sent_first_at, self.now()) and (known := await look()):
            return known
        return await act_once(
            keys.act("credit_note.create", wanted.note.credit_note_id),
            lambda options: self.client.v1.credit_notes.create_async(params, options),
            look,
        )

    async def _mark_uncollectible(self, invoice_id: str, stripe_invoice_id: str) -> stripe.Invoice:
        async def look() -> stripe.Invoice | None:
            held = await retrieve_invoice(self.client, stripe_invoice_id)
            return None if held.status == "open" else held

        return await act_unless_done(
            keys.act("invoice.mark_uncollectible", invoice_id),
            lambda options: self.client.v1.invoices.mark_uncollectible_async(stripe_invoice_id, {}, options),
            look,
        )


def _standing(held: stripe.Invoice, currency: str) -> InvoiceBalance:
    return InvoiceBalance(
        status=InvoiceStatus(held.status or "draft"),
        amount_due=from_stripe(held.amount_due, currency),
        amount_paid=from_stripe(held.amount_paid, currency),
    )
