"""What is passed on of an event that Stripe reports."""

from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.steps import PlanRef


class StripeEvent(Contract):
    """A verified event, as a hint of what to look at; the ids of ours are None where the object is not ours.

    Stripe may deliver an event more than once, late, and in any order: tell events apart by `event_id`.
    """

    event_id: str
    type: str
    org_id: str | None
    invoice_id: str | None
    plan_id: str | None
    customer_id: str | None
    stripe_object_id: str | None
    created: Moment
    livemode: bool


class SettledInvoice(Contract):
    """How an invoice of `plan` stands after Stripe's news of it, as of `at`."""

    plan: PlanRef
    status: InvoiceStatus
    at: Moment
