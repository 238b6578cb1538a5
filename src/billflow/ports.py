"""What activities need of the world, without naming who provides it."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol

from billflow.domain.purchasing import StartFacts
from billflow.domain.step import Facts, Outcome
from billflow.models.contracts.invoices import (
    BilledCustomer,
    CollectionOutcome,
    InvoiceRef,
    InvoiceStatus,
    InvoiceToCollect,
    Issued,
)
from billflow.models.contracts.plans import PlanState, StartPlanAsk, StepResult
from billflow.models.contracts.steps import PlanRef, StepInfo
from billflow.models.contracts.webhooks import SettledInvoice, StripeEvent

Decide = Callable[[Facts], Outcome]
"""A pure decision about a running plan."""

DecideStart = Callable[[StartFacts], Outcome]
"""A pure decision about a plan that does not exist yet."""


class Books(Protocol):
    """The system of record: every method is one transaction and safe to repeat."""

    async def take_step(self, plan: PlanRef, info: StepInfo, decide: Decide) -> StepResult:
        """Load the plan's facts under its lock, decide, and write the outcome whole.

        The same key returns the first result. A refusal is recorded in the audit log and returned as a value; a
        plan that needs attention is parked, and its step stays untaken.
        """
        ...

    async def start_plan(self, ask: StartPlanAsk, decide: DecideStart) -> StepResult:
        """Write a new plan and its first invoice under the customer's lock; a refusal is raised as `BillingError`."""
        ...

    async def plan_state(self, plan: PlanRef) -> PlanState:
        """Return the plan as it is now; raises `NotFound`."""
        ...

    async def purchased_licenses(self, plan: PlanRef, invoice_id: str) -> int:
        """Return how many licences a purchase invoice paid for."""
        ...

    async def invoice_to_collect(self, ref: InvoiceRef) -> InvoiceToCollect:
        """Return all that the gateway needs, noting when Stripe is asked for the first time."""
        ...

    async def record_stripe_customer(self, customer: BilledCustomer, stripe_customer_id: str) -> None:
        """Remember the customer's Stripe id."""
        ...

    async def record_issued(self, ref: InvoiceRef, issued: Issued) -> None:
        """Remember that Stripe holds the invoice."""
        ...

    async def record_outcome(self, ref: InvoiceRef, outcome: CollectionOutcome, at: datetime) -> None:
        """Remember what came of a payment attempt; a paid invoice stays paid."""
        ...

    async def record_collection_plan(self, ref: InvoiceRef, next_attempt_at: datetime | None) -> None:
        """Remember when collection will try again, None where it won't."""
        ...


class PaymentGateway(Protocol):
    """Stripe, as far as billing needs it; a decline is a value, an exception means unknown."""

    async def ensure_customer(self, customer: BilledCustomer) -> str:
        """Return the id of the Stripe customer, making it where there is none yet."""
        ...

    async def issue(self, invoice: InvoiceToCollect) -> Issued:
        """Create the invoice with its lines and finalize it, once, however often asked.

        Raises `PaymentsUnavailable` (try again) or `PaymentsRejected` (our request is wrong).
        """
        ...

    async def collect(self, invoice: InvoiceToCollect, attempt: int) -> CollectionOutcome:
        """Charge the default payment method, or send the invoice; each attempt has its own key."""
        ...

    async def void(self, invoice: InvoiceToCollect) -> None:
        """Void the invoice where it is still open; done already is done."""
        ...


class WebhookInbox(Protocol):
    """What Stripe told us, kept once until it is handled; every method is one transaction and safe to repeat."""

    async def store_event(self, org_id: str, event: StripeEvent, received_at: datetime) -> bool:
        """Keep an event; tell whether it is new."""
        ...

    async def unhandled_events(self, org_id: str, limit: int, *, besides: Collection[str] = ()) -> list[StripeEvent]:
        """Return the events nobody has handled yet, the oldest first, leaving out the ids *besides*."""
        ...

    async def mark_handled(self, org_id: str, event_id: str, at: datetime) -> None:
        """Remember that nothing is left to do about an event."""
        ...

    async def record_settled(self, ref: InvoiceRef, status: InvoiceStatus, at: datetime) -> SettledInvoice | None:
        """Write down that Stripe says an invoice is paid, void or uncollectible; None for one that isn't ours.

        What is paid or void stays so. For a plan on a test clock it happened at the clock's time.
        """
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


class NoDatabase(Exception):
    """PostgreSQL can't be reached, or lacks our tables; the message says where and what to do. Try again later."""
