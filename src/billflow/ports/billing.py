"""What activities need of the world, without naming who provides it."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol

from billflow.domain.dunning import DunningAction
from billflow.domain.plan_start import StartFacts
from billflow.domain.step import Facts, Outcome
from billflow.errors import InternalError, Unavailable
from billflow.models.contracts.credits import CreditBalance, CreditToPost
from billflow.models.contracts.customers import (
    CustomerRecord,
    SeatGateRecord,
    SeatReport,
)
from billflow.models.contracts.invoices import (
    BilledCustomer,
    CollectionOutcome,
    InvoiceRef,
    InvoiceStatus,
    InvoiceStatusChanged,
    InvoiceSummary,
    InvoiceToCollect,
    Issued,
    SentInvoice,
)
from billflow.models.contracts.plans import PlanState, StartPlanInput, StepResult
from billflow.models.contracts.records import (
    CustomerFilter,
    InvoiceDetail,
    InvoiceFilter,
    InvoiceRecord,
    LedgerRecord,
    Page,
    Paging,
    PlanFilter,
    StepRecord,
    TimelineEntry,
)
from billflow.models.contracts.steps import BackfillInput, LateStartInput, PlanRef, StepInput
from billflow.models.contracts.webhooks import StripeEvent
from billflow.ports.adjustments import AdjustmentRepository, DunningRepository

Decide = Callable[[Facts], Outcome]
"""A pure decision about a running plan."""

DecideStart = Callable[[StartFacts], Outcome]
"""A pure decision about a plan that does not exist yet."""


class DecideLate(Protocol):
    """A pure decision about a trial whose invoice was paid after its end."""

    def __call__(self, facts: Facts, plan_id: str, paid_licenses: int, *, has_live_plan: bool) -> Outcome: ...


class Books(DunningRepository, AdjustmentRepository, Protocol):
    """The system of record: every method is one transaction and safe to repeat."""

    async def take_step(self, step: StepInput, decide: Decide) -> StepResult:
        """Load the plan's facts under its lock, decide, and write the outcome whole.

        The same key returns the first result. A refusal is recorded in the audit log and returned as a value; a
        plan that needs attention is on hold, and its step stays untaken.
        """
        ...

    async def taken(self, plan: PlanRef, key: str) -> StepResult | None:
        """Return what the step of that key answered, None where it is still to be taken."""
        ...

    async def record_backfill(self, step: BackfillInput) -> None:
        """Put one event into the outbox for all invoices that were made late, once."""
        ...

    async def start_late(self, step: LateStartInput, decide: DecideLate) -> StepResult | None:
        """Write the plan that starts because the invoice of an ended trial was paid late, once.

        Where the customer has another plan by then, the money is kept, and the event `invoice.paid_without_plan` asks
        people to look. Returns None for an invoice that starts nothing.
        """
        ...

    async def start_plan(self, ask: StartPlanInput, decide: DecideStart) -> StepResult:
        """Write a new plan and its first invoice under the customer's lock; a refusal is raised as `BillingError`."""
        ...

    async def plan_state(self, plan: PlanRef) -> PlanState:
        """Return the plan as it is now; raises `NotFound`."""
        ...

    async def purchased_licenses(self, plan: PlanRef, invoice_id: str) -> int:
        """Return how many licenses a purchase invoice paid for."""
        ...

    async def invoice_to_collect(self, ref: InvoiceRef) -> InvoiceToCollect:
        """Return all that the gateway needs, noting when Stripe is asked for the first time."""
        ...

    async def record_stripe_customer(self, customer: BilledCustomer, stripe_customer_id: str) -> None:
        """Remember the customer's Stripe id."""
        ...

    async def record_credit_posted(self, org_id: str, credit_id: str, stripe_balance_transaction_id: str) -> None:
        """Remember under which id Stripe knows a credit; once known it stays."""
        ...

    async def record_issued(self, ref: InvoiceRef, issued: Issued) -> None:
        """Remember that Stripe holds the invoice."""
        ...

    async def record_outcome(self, ref: InvoiceRef, outcome: CollectionOutcome, at: datetime) -> None:
        """Remember what came of a payment attempt; a paid invoice stays paid."""
        ...

    async def record_collection_plan(
        self, ref: InvoiceRef, next_attempt_at: datetime | None, next_action: DunningAction | None = None
    ) -> InvoiceStatus:
        """Remember what collection does next, and when, None where it won't, and say how the invoice stands."""
        ...


class Archive(Protocol):
    """What the records say, as frozen contracts; nothing here writes. Unknown ids raise `NotFound`."""

    async def running_plans(
        self, org_id: str, *, customer_id: str | None = None, test_clock_id: str | None = None
    ) -> tuple[PlanState, ...]:
        """Return the plans that are live or wait for their purchase, of one customer or on one clock."""
        ...

    async def collecting(
        self, org_id: str, *, customer_id: str | None = None, test_clock_id: str | None = None
    ) -> tuple[InvoiceSummary, ...]:
        """Return the invoices that are still to be paid, of one customer or on one clock."""
        ...

    async def next_collection_at(self, org_id: str, clock_id: str) -> datetime | None:
        """Return when collection next does something about a debt on the clock, None where it won't."""
        ...

    async def clock_is_behind(self, org_id: str, clock_id: str) -> bool:
        """Tell whether anything on the clock is still due at its time; what is on hold is not waited for."""
        ...

    async def plans(self, org_id: str, wanted: PlanFilter, paging: Paging = ...) -> Page[PlanState]:
        """Return one part of the plans, the newest first."""
        ...

    async def customers(self, org_id: str, wanted: CustomerFilter, paging: Paging = ...) -> Page[CustomerRecord]:
        """Return one part of the customers, the newest first."""
        ...

    async def invoices(self, org_id: str, wanted: InvoiceFilter, paging: Paging = ...) -> Page[InvoiceRecord]:
        """Return one part of the invoices, the newest first."""
        ...

    async def customer(self, org_id: str, customer_id: str) -> CustomerRecord:
        """Return one customer."""
        ...

    async def customer_of(self, org_id: str, deployment_id: str) -> CustomerRecord:
        """Return the customer of a deployment."""
        ...

    async def invoice(self, org_id: str, invoice_id: str) -> InvoiceDetail:
        """Return one invoice with its lines, their derivations, and the attempts to collect it."""
        ...

    async def credits(self, org_id: str, customer_id: str) -> CreditBalance:
        """Return what is owed to a customer, and how it came about."""
        ...

    async def ledger(self, plan: PlanRef) -> tuple[LedgerRecord, ...]:
        """Return the plan's ledger in sequence."""
        ...

    async def steps(self, plan: PlanRef) -> tuple[StepRecord, ...]:
        """Return the steps of the plan in the order they were taken."""
        ...

    async def timeline(self, plan: PlanRef) -> tuple[TimelineEntry, ...]:
        """Return steps and events of the plan in the order they were recorded."""
        ...

    async def facts(self, plan: PlanRef, at: datetime) -> Facts:
        """Return what a step of the plan at *at* would start from: previews decide on it, and write nothing."""
        ...

    async def seat_gate(self, org_id: str, customer_id: str, *, members: int, guests: int) -> SeatGateRecord:
        """Tell whether that many more people fit the customer's plan, by the newest seats reported."""
        ...

    async def seats(
        self, org_id: str, customer_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[SeatReport, ...]:
        """Return what the customer's deployment reported in `[since, until)`, in time order."""
        ...


class PaymentGateway(Protocol):
    """Stripe, as far as billing needs it; a decline is a value, an exception means unknown."""

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


class StripeEventRepository(Protocol):
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

    async def record_closed(
        self, ref: InvoiceRef, status: InvoiceStatus, at: datetime, amount_paid: int | None = None
    ) -> InvoiceStatusChanged | None:
        """Write down that Stripe says an invoice is paid, void or uncollectible; None for one that isn't ours.

        `amount_paid` is what Stripe has, where it was asked; else an invoice is taken as paid in full.
        What is paid or void stays so. For a plan on a test clock it happened at the clock's time.
        """
        ...


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
