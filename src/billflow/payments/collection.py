"""Ask for the money of a finalized invoice: charge the default payment method, or send the invoice."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import stripe

from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.invoices import (
    Closed,
    CollectionOutcome,
    Declined,
    InvoiceStatus,
    InvoiceToCollect,
    Open,
    Paid,
    RequiresAction,
)
from billflow.payments import invoice_requests, keys
from billflow.payments.amounts import from_stripe
from billflow.payments.calls import act_once, retrieve_invoice
from billflow.payments.errors import CallOutcome, code_of, decline_code_of, outcome_of

NO_PAYMENT_METHOD = Declined(code="no_payment_method", message="The customer has no default payment method.")
_CLOSED = ("void", "uncollectible")
_STANDING = ("customer", "payments.data.payment.payment_intent")


@dataclass
class Collector:
    """One attempt to collect one invoice."""

    client: stripe.StripeClient
    invoice: InvoiceToCollect
    held_id: str
    attempt: int

    async def run(self, now: Callable[[], datetime]) -> CollectionOutcome:
        """Return what came of the attempt; raises `StripeError` for faults."""
        if self._look_first(now()):
            closed = await self._closed()
            if closed is not None:
                return self._outcome(closed)
        try:
            return self._outcome(await self._act())
        except stripe.StripeError as error:
            return await self._refused(error)

    @property
    def _charges(self) -> bool:
        return self.invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY

    def _look_first(self, now: datetime) -> bool:
        fresh = self.attempt == 1 and self.invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN)
        return not fresh or keys.may_have_expired(self.invoice.sent_first_at, now)

    async def _standing(self) -> stripe.Invoice:
        return await retrieve_invoice(self.client, self.held_id, *_STANDING)

    async def _closed(self) -> stripe.Invoice | None:
        held = await self._standing()
        return held if _is_closed(held) else None

    async def _act(self) -> stripe.Invoice:
        name = self.invoice.invoice_id
        if self._charges:
            return await act_once(
                keys.act("invoice.pay", name, self.attempt),
                lambda options: invoice_requests.act(self.client, self.held_id, "pay", {"off_session": True}, options),
                self._closed,
            )
        return await act_once(
            keys.act("invoice.send", name, self.attempt),
            lambda options: invoice_requests.act(self.client, self.held_id, "send", {}, options),
            self._closed,
        )

    async def _refused(self, error: stripe.StripeError) -> CollectionOutcome:
        outcome = outcome_of(error)
        if outcome is CallOutcome.DECLINED:
            code = decline_code_of(error) or code_of(error) or "card_declined"
            return Declined(code=code, message=error.user_message or "The payment was declined.")
        if outcome is CallOutcome.REQUIRES_ACTION:
            return RequiresAction(hosted_invoice_url=(await self._standing()).hosted_invoice_url)
        if not isinstance(error, stripe.InvalidRequestError):
            raise error
        held = await self._standing()
        if _is_closed(held):
            return self._outcome(held)
        if self._charges and _has_no_method(held):
            return NO_PAYMENT_METHOD
        raise error

    def _outcome(self, held: stripe.Invoice) -> CollectionOutcome:
        if held.status == "paid":
            return Paid(amount_paid=from_stripe(held.amount_paid, self.invoice.currency))
        return Closed() if held.status in _CLOSED else Open()


def _is_closed(held: stripe.Invoice) -> bool:
    """Tell whether there is nothing to be done now: it is paid, closed, or a payment is under way at a bank."""
    if held.status == "paid" or held.status in _CLOSED:
        return True
    intents = [payment.payment.payment_intent for payment in held.payments.data] if held.payments else []
    return any(isinstance(intent, stripe.PaymentIntent) and intent.status == "processing" for intent in intents)


def _has_no_method(held: stripe.Invoice) -> bool:
    customer = held.customer.to_dict() if isinstance(held.customer, stripe.Customer) else {}
    settings = customer.get("invoice_settings") or {}
    return not (
        held.default_payment_method
        or held.default_source
        or settings.get("default_payment_method")
        or customer.get("default_source")
    )
