"""What activities need of Stripe."""

from enum import StrEnum
from typing import Protocol

from billflow.errors import InternalError, Unavailable
from billflow.models.contracts.adjustments import AdjustmentResult, AdjustmentToSend
from billflow.models.contracts.credits import CreditToPost
from billflow.models.contracts.invoices import (
    BilledCustomer,
    CollectionOutcome,
    InvoiceStatus,
    InvoiceToCollect,
    Issued,
    SentInvoice,
)


class LostObject(StrEnum):
    """What Stripe has no more of what our rows name."""

    CUSTOMER = "customer"
    INVOICE = "invoice"


class PaymentGateway(Protocol):
    """Stripe, as far as invoices need it; a decline is a value, an exception means unknown."""

    async def ensure_customer(self, customer: BilledCustomer) -> str:
        """Return the id of the Stripe customer, making it where there is none yet."""

    async def post_credit(self, customer: BilledCustomer, credit: CreditToPost) -> str:
        """Put a credit on the customer's balance, once, however often asked, and return Stripe's id of it.

        The customer has its Stripe id. The next invoice that is finalized uses the balance up.
        """

    async def issue(self, invoice: InvoiceToCollect) -> Issued:
        """Create the invoice with its lines and finalize it, once, however often asked.

        Raises `PaymentsUnavailable` (try again) or `PaymentsRejected` (our request is wrong).
        """

    async def sent_invoice(self, stripe_invoice_id: str) -> SentInvoice:
        """Return an invoice that people sent at Stripe by hand; raises `NotFound`."""

    async def collect(self, invoice: InvoiceToCollect, attempt: int) -> CollectionOutcome:
        """Charge the default payment method, or send the invoice; each attempt has its own key."""

    async def void(self, invoice: InvoiceToCollect) -> None:
        """Void the invoice where it is still open; done already is done."""

    async def pay_out_of_band(self, invoice: InvoiceToCollect, reference: str) -> None:
        """Mark the invoice paid outside Stripe, under the *reference* of that payment; done already is done."""

    async def lost_of(self, invoice: InvoiceToCollect) -> LostObject | None:
        """Return what Stripe has lost of the customer and the invoice that our rows name, None where it has both."""

    async def close_lost(self, invoice: InvoiceToCollect) -> Issued | None:
        """Void what Stripe had of this invoice before it was lost; return what was paid meanwhile, else None."""
        ...


class AdjustmentGateway(Protocol):
    """Stripe, as far as money that goes back is concerned; a refusal is a value, an exception means unknown."""

    async def create(self, wanted: AdjustmentToSend) -> AdjustmentResult:
        """Make the refund or credit note, once, however often asked. Raises `PaymentsUnavailable`."""

    async def mark_uncollectible(self, invoice: InvoiceToCollect) -> InvoiceStatus:
        """Give the invoice up where it is open, and return how it stands; done already is done."""


class PaymentsUnavailable(Unavailable):
    """Stripe can't be reached, is overloaded or failed; what became of the request is unknown.

    Repeat it in a moment, with the same idempotency key.
    """

    code = "stripe_unavailable"
    public = "Stripe can't be reached; try again in a moment."


class PaymentsRejected(InternalError):
    """Stripe understood a request of billflow and refuses it, so asking again the same way changes nothing.

    Change what Stripe complains of; the message, or over HTTP the log, repeats its words.
    """

    code = "stripe_rejected"

    def __init__(self, message: str, *, code: str | None = None, stripe_code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.stripe_code = stripe_code

    @property
    def reason(self) -> str:
        """Return Stripe's own code where there is one, else ours."""
        return self.stripe_code or self.code
