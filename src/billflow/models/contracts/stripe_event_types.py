"""The types of Stripe's events that change anything here, by what they tell of."""

from billflow.models.contracts.invoices import InvoiceStatus

CLOSED = {
    "invoice.paid": InvoiceStatus.PAID,
    "invoice.voided": InvoiceStatus.VOID,
    "invoice.marked_uncollectible": InvoiceStatus.UNCOLLECTIBLE,
}
"""The events after which an invoice is not open any more, and its status then."""

FINALIZED = "invoice.finalized"
"""What another system issues at the same account tells of itself (rules 41.2)."""

ATTEMPT_FAILED = ("invoice.payment_failed", "invoice.payment_action_required")
CARD_ENTERED = "checkout.session.completed"
CUSTOMER_UPDATED = "customer.updated"
CARD_DETACHED = "payment_method.detached"
CUSTOMER_DELETED = "customer.deleted"
ADJUSTED = (
    "charge.refunded",
    "charge.refund.updated",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
)
DISPUTED = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)

HANDLED_TYPES = (
    FINALIZED,
    *CLOSED,
    *ATTEMPT_FAILED,
    *(CARD_ENTERED, CUSTOMER_UPDATED, CARD_DETACHED, CUSTOMER_DELETED),
    *ADJUSTED,
    *DISPUTED,
)
"""The types to choose for the endpoint at Stripe: all that change anything."""
