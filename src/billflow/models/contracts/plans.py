"""A plan as workflows, answers and screens see it: a snapshot, never the truth."""

from typing import Annotated, Any

from pydantic import SerializerFunctionWrapHandler, WrapSerializer

from billflow.domain.plan import CollectionMethod, InvoicingStatus, LicenseManagement, PlanStatus, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.invoices import CollectionOutcome, InvoiceSummary, SentInvoice


class Attention(Contract):
    """Why a plan is on hold, and since when."""

    code: str
    message: str
    since: Moment


class PlanState(Contract):
    """The few facts of a plan that time and order need; amounts in minor units of `currency`.

    `due_at` is the next billing date, None where nothing is due. `awaiting_invoice_id` is the purchase whose payment
    starts the plan. With `resume_due` a suspension is over, and nothing is charged until the step that resumes billing
    was taken. `clock_at` is the standing time of the test clock the plan hangs on, None for real time.
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
    version: int

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


class StepResult(Contract):
    """What a step left behind: the plan as it is now, the invoices it made, the plan that took over.

    With `refused` nothing was changed. With `state.attention` the plan is on hold and the step will be tried again.
    """

    state: Snapshot
    invoices: tuple[InvoiceSummary, ...] = ()
    voided: tuple[InvoiceSummary, ...] = ()
    successor: Snapshot | None = None
    refused: Refusal | None = None


class StartPlanInput(Contract):
    """Ask to start a plan for a customer; `key` makes asking twice the same as asking once.

    `sent_invoice` is the invoice at Stripe that buys the plan, where support has sent one already.
    """

    org_id: str
    customer_id: str
    key: str
    actor: str
    asked: StartPlan
    test_clock_id: str | None = None
    at: Moment
    sent_invoice: SentInvoice | None = None


class PlanRun(Contract):
    """The input of one run of a plan's workflow: its state, and invoices that are still to be sent.

    `backfilled` names invoices that were made late, of this plan or the one before, and not told of yet.
    """

    state: Snapshot
    to_send: tuple[InvoiceSummary, ...] = ()
    backfilled: tuple[str, ...] = ()


class PlanStarted(Contract):
    """The answer to starting a plan: the plan, and what came of paying for it where that was asked for at once."""

    state: PlanState
    outcome: CollectionOutcome | None = None
