"""Onboarding a new customer, part by part: what is requested, and how far it has come."""

from enum import StrEnum

from pydantic import Field

from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.customer_resources import ProjectCreate
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.invoices import InvoiceSummary
from billflow.models.contracts.plans import PlanState


class OnboardingPart(StrEnum):
    """The parts of an onboarding, in their order."""

    DEPLOYMENT = "deployment"
    BILLING_ACCOUNT = "billing_account"
    STRIPE_CUSTOMER = "stripe_customer"
    FIRST_PROJECT = "first_project"
    TRIAL_PLAN = "trial_plan"


class PartStatus(StrEnum):
    """Where one part stands; `undone` was done and then taken back."""

    PENDING = "pending"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNDONE = "undone"


class OnboardingStatus(StrEnum):
    """Where an onboarding stands; one on hold waits for its cause to go away, or for a retry."""

    RUNNING = "running"
    DONE = "done"
    ON_HOLD = "on_hold"
    FAILED = "failed"


class PartProgress(Contract):
    """How far one part has come; `result` is the id of what it made, `message` why it did not."""

    part: OnboardingPart
    status: PartStatus = PartStatus.PENDING
    result: str | None = None
    code: str | None = None
    message: str | None = None
    at: Moment | None = None


class OnboardingOptions(Contract):
    """What the new customer is to have; without a `plan` none is started."""

    project: ProjectCreate | None = None
    plan: StartPlan | None = None
    test_clock_id: str | None = Field(None, max_length=100)


class OnboardingInput(CustomerRef):
    """Onboard one customer."""

    actor: str
    options: OnboardingOptions
    at: Moment


class RemoveProjectInput(OnboardingInput):
    """Remove the project that an onboarding made."""

    project_id: str


class OnboardingProgress(Contract):
    """How far an onboarding has come, part by part."""

    customer_id: str
    status: OnboardingStatus
    parts: tuple[PartProgress, ...]
    started_at: Moment


class ReportPartInput(CustomerRef):
    """What came of one part, to be recorded."""

    status: OnboardingStatus
    progress: PartProgress


class PlanPartResult(Contract):
    """What came of starting the plan: the plan to run, and the invoices that are to be sent."""

    progress: PartProgress
    state: PlanState | None = None
    invoices: tuple[InvoiceSummary, ...] = ()
