"""What activities need of Stripe.

Activities name these protocols and never the classes behind them: workflows import activities, and must not reach
Stripe's client. The benchmark of collecting has a gateway in memory.
"""

from typing import Protocol

from billflow.models.contracts.adjustments import AdjustmentResult, AdjustmentToSend, InvoiceBalance, StripeMoney
from billflow.models.contracts.credits import CreditToPost
from billflow.models.contracts.invoices import (
    BilledCustomer,
    CollectionOutcome,
    InvoiceStatus,
    InvoiceToCollect,
    Issued,
    SentInvoice,
)


class PaymentGateway(Protocol):
    """Stripe, as far as invoices need it; a decline is a value, an exception means unknown."""

    async def ensure_customer(self, customer: BilledCustomer) -> str:
        """Return the id of the Stripe customer, making it where there is none yet."""
        ...

    async def post_credit(self, customer: BilledCustomer, credit: CreditToPost) -> str:
        """Put a credit on the customer's balance, once, however often asked, and return Stripe's id of it.

        The customer has its Stripe id. The next invoice that is finalized uses the balance up.
        """
        ...

    async def issue(self, invoice: InvoiceToCollect) -> Issued:
        """Create the invoice with its lines and finalize it, once, however often asked.

        Raises `PaymentsUnavailable` (try again) or `PaymentsRejected` (our request is wrong).
        """
        ...

    async def sent_invoice(self, stripe_invoice_id: str) -> SentInvoice:
        """Return an invoice that people sent at Stripe by hand; raises `NotFound`."""
        ...

    async def collect(self, invoice: InvoiceToCollect, attempt: int) -> CollectionOutcome:
        """Charge the default payment method, or send the invoice; each attempt has its own key."""
        ...

    async def void(self, invoice: InvoiceToCollect) -> None:
        """Void the invoice where it is still open; done already is done."""
        ...


class AdjustmentGateway(Protocol):
    """Stripe, as far as money that goes back is concerned; a refusal is a value, an exception means unknown."""

    async def settle(self, wanted: AdjustmentToSend) -> AdjustmentResult:
        """Make the refund or credit note, once, however often asked. Raises `PaymentsUnavailable`."""
        ...

    async def mark_uncollectible(self, invoice: InvoiceToCollect) -> InvoiceStatus:
        """Give the invoice up where it is open, and return how it stands; done already is done."""
        ...

    async def standing(self, invoice: InvoiceToCollect) -> InvoiceBalance | None:
        """Return how the invoice stands, None where Stripe does not hold it."""
        ...

    async def money(self, invoice: InvoiceToCollect) -> StripeMoney | None:
        """Return how the invoice stands with all its refunds and credit notes."""
        ...

    async def invoice_of_payment(self, payment_intent_id: str) -> str | None:
        """Return the Stripe id of the invoice that a payment was for, None where it was for none."""
        ...


class PaymentsUnavailable(Exception):
    """Stripe can't be reached or is overloaded: what happened is unknown, so ask again with the same key."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PaymentsRejected(Exception):
    """Stripe understood the request and refuses it: asking again the same way changes nothing."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code
