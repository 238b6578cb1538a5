"""A plan as workflows, responses and screens see it: a snapshot, never the truth."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, SerializerFunctionWrapHandler, WrapSerializer

from billflow.domain.errors import BillingError, InvalidInput, Refused
from billflow.domain.plan import (
    CollectionMethod,
    CutoverStatus,
    InvoicingStatus,
    LicenseManagement,
    PlanStatus,
    Schedule,
)
from billflow.domain.plan_import import ImportPlan
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.invoices import (
    Closed,
    CollectionOutcome,
    Declined,
    InvoiceStatusChanged,
    InvoiceSummary,
    Paid,
    SentInvoice,
)
from billflow.models.contracts.keys import NamespacedKey, import_key
from billflow.models.contracts.steps import CommandRequest, PlanRef, StepFailure


class Attention(Contract):
    """Why a plan is on hold, and since when."""

    code: str
    message: str
    since: Moment


class PlanState(Contract):
    """The few facts of a plan that time and order need; amounts in minor units of `currency`.

    `due_at` is the next billing date, None where nothing is due. `awaiting_invoice_id` is the purchase whose payment
    starts the plan. With `resume_due` a suspension is over, and nothing is charged until the step that resumes billing
    was taken. `clock_at` is the standing time of the test clock it is attached to, None for real time. Since
    `parallel_run_since` another system bills the plan, up to `cutover_at` where that is set; at `cutover_date`
    it is decided whether its `old_subscription` at Stripe has ended.
    """

    org_id: str
    plan_id: str
    customer_id: str
    tier: str
    tier_name: str
    schedule: Schedule
    status: PlanStatus
    currency: str
    price_per_license: int | None
    fixed_price: int | None
    license_management: LicenseManagement
    collection_method: CollectionMethod
    licenses: int = 0
    licenses_at_next_renewal: int = 0
    billing_cycle_anchor: Moment
    next_invoice_date: Moment | None
    end_date: Moment | None = None
    due_at: Moment | None
    invoicing_status: InvoicingStatus = InvoicingStatus.DONE
    attention: Attention | None = None
    awaiting_invoice_id: str | None = None
    suspended: bool = False
    resume_due: bool = False
    predecessor_id: str | None = None
    test_clock_id: str | None = None
    clock_at: Moment | None = None
    parallel_run_since: Moment | None = None
    cutover_at: Moment | None = None
    cutover_status: CutoverStatus | None = None
    cutover_date: Moment | None = None
    old_subscription: str | None = None
    version: int

    @property
    def ref(self) -> PlanRef:
        """Return which plan it is."""
        return PlanRef(org_id=self.org_id, plan_id=self.plan_id)

    @property
    def runs(self) -> bool:
        """Tell whether the plan's workflow has something to wait for: a billing date, a command or a payment."""
        return self.status.is_live or self.awaiting_invoice_id is not None


def _without_blanks(state: PlanState, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
    fields = PlanState.model_fields
    return {name: value for name, value in serialize(state).items() if value is not None or fields[name].is_required()}


Snapshot = Annotated[PlanState, WrapSerializer(_without_blanks, when_used="json")]
"""A plan's state in a workflow's payload, where every byte is kept in history: what is None by default is left out."""


class Refusal(Contract):
    """A rule said no: the stable code, a sentence, and where it helps the field at fault.

    `invalid` tells that the request itself is wrong, whatever state the plan is in.
    """

    code: str
    message: str
    field: str | None = None
    invalid: bool = False

    @classmethod
    def of(cls, error: BillingError) -> Self:
        """Return an error as a value."""
        return cls(code=error.code, message=error.message, field=error.field, invalid=isinstance(error, InvalidInput))

    @property
    def error(self) -> BillingError:
        """Return the refusal as an error to be raised."""
        kind = InvalidInput if self.invalid else Refused
        return kind(self.message, code=self.code, field=self.field)


class StepResult(Contract):
    """What a step left behind: the plan as it is now, the invoices it made, the plan that took over.

    With `refused` nothing was changed. With `state.attention` the plan is on hold and the step will be tried again.
    """

    state: Snapshot
    invoices: tuple[InvoiceSummary, ...] = ()
    voided: tuple[InvoiceSummary, ...] = ()
    successor: Snapshot | None = None
    refused: Refusal | None = None

    @classmethod
    def merged(cls, results: Sequence[Self]) -> Self:
        """Put results together, the oldest first; what was refused changed nothing."""
        return cls(
            state=results[-1].state,
            invoices=tuple(invoice for result in results for invoice in result.invoices),
            voided=tuple(invoice for result in results for invoice in result.voided),
            successor=next((result.successor for result in results if result.successor), None),
        )


class MissedSteps(Contract):
    """What steps left behind whose answers a plan's workflow never took in, as one result.

    `closed_cycles` counts the billing dates among them, `late` names the invoices that were made late.
    """

    result: StepResult
    closed_cycles: int
    late: tuple[str, ...]


class ReadPlan(PlanState):
    """A plan as the rows have it now; `missed` is what its workflow does not know of, None where it knows all."""

    missed: MissedSteps | None = Field(None, exclude_if=lambda missed: missed is None)


class CommandsResult(Contract):
    """What came of the first commands of several, `count` of them, as one result."""

    count: int
    result: StepResult

    @classmethod
    def of(cls, results: Sequence[StepResult]) -> Self:
        """Put results together, the oldest first."""
        return cls(count=len(results), result=StepResult.merged(results))


class StartPlanInput(Contract):
    """Start a plan for a customer, once for each `idempotency_key`; the first step of the plan.

    `sent_invoice` is the invoice at Stripe that buys the plan, where support has sent one already.
    """

    kind: ClassVar[str] = "start"
    org_id: str
    customer_id: str
    idempotency_key: NamespacedKey
    actor: str
    start: StartPlan
    test_clock_id: str | None = None
    at: Moment
    sent_invoice: SentInvoice | None = None

    @property
    def key(self) -> str:
        """Return the key under which the step is taken once."""
        return f"start/{self.idempotency_key}"

    @property
    def detail(self) -> dict[str, Any]:
        """Return the request as data, for the audit log."""
        return self.model_dump(mode="json", include={"start", "idempotency_key"})


class ImportPlanInput(Contract):
    """Import a plan that another system billed so far, once for each `external_id`; the first step of the plan."""

    kind: ClassVar[str] = "import"
    org_id: str
    external_id: str
    actor: str
    start: ImportPlan
    at: Moment

    @property
    def key(self) -> str:
        """Return the key under which the step is taken once."""
        return import_key(self.external_id)

    @property
    def detail(self) -> dict[str, Any]:
        """Return the request as data, for the audit log."""
        return self.model_dump(mode="json", include={"start"})


class PurchaseOutcome(Contract):
    """What came of charging a purchase, which the plan has still to take in."""

    invoice_id: str
    outcome: CollectionOutcome

    @property
    def is_final(self) -> bool:
        """Tell whether the purchase is paid or came to nothing."""
        return isinstance(self.outcome, Paid | Declined | Closed)


class WaitingSignals(Contract):
    """What was brought to a run of a plan's workflow and is left to the next one, the oldest first."""

    commands: tuple[CommandRequest, ...] = ()
    invoice_changes: tuple[InvoiceStatusChanged, ...] = ()
    outcomes: tuple[PurchaseOutcome, ...] = ()
    customer_changed: bool = False


class PlanInput(Contract):
    """The input of one run of a plan's workflow: its state, and invoices that are still to be sent.

    `backfilled` names invoices that were made late, of this plan or the one before, and not told of yet. `waiting` and
    `failure` are what the run before had not taken in, and the step that failed then. With `shows_once` a run that only
    sends what its billing date made leaves the search attributes to the run after it (decision 0257).
    """

    state: Snapshot
    to_send: tuple[InvoiceSummary, ...] = ()
    backfilled: tuple[str, ...] = ()
    waiting: WaitingSignals | None = Field(None, exclude_if=lambda waiting: waiting is None)
    failure: StepFailure | None = Field(None, exclude_if=lambda failure: failure is None)
    shows_once: bool = False


class StartPlanResult(Contract):
    """A plan that was started, and what came of paying for it where that was to happen at once."""

    state: PlanState
    outcome: CollectionOutcome | None = None
