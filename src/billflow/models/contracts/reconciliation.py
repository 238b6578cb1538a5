"""What reconciliation carries and reports: the run, its parts, and what it found."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from billflow.domain.reconciliation import FindingKind, Repair, Severity
from billflow.models.contracts.base import Contract, Moment, RequestModel
from billflow.models.contracts.invoices import InvoiceSummary
from billflow.models.contracts.responses import ListResponse, ResourceResponse, left_out, shown_as


class ReconciliationPart(StrEnum):
    """The parts of a run, in order."""

    LIST_STRIPE = "list_stripe"
    COMPARE_INVOICES = "compare_invoices"
    LIST_CUSTOMERS = "list_customers"
    COMPARE_CUSTOMERS = "compare_customers"
    LOOK_AGAIN = "look_again"
    FIND_ORPHANS = "find_orphans"
    COMPARE_PLANS = "compare_plans"
    COMPARE_WORKFLOWS = "compare_workflows"
    EXPIRE_OFFERS = "expire_offers"
    REPAIR = "repair"

    @property
    def is_at_stripe(self) -> bool:
        """Tell whether it asks Stripe, and so takes of its rate."""
        part = ReconciliationPart
        return self in (part.LIST_STRIPE, part.LIST_CUSTOMERS, part.LOOK_AGAIN, part.REPAIR)

    @property
    def is_about_customers(self) -> bool:
        """Tell whether it compares customers, which runs that began before that leave out."""
        return self in (ReconciliationPart.LIST_CUSTOMERS, ReconciliationPart.COMPARE_CUSTOMERS)

    @property
    def is_about_findings(self) -> bool:
        """Tell whether it goes through what the parts before it have found, and is left out where that is nothing."""
        return self in (ReconciliationPart.LOOK_AGAIN, ReconciliationPart.REPAIR)


class ReconciliationScope(Contract):
    """What to compare: invoices made in the last `days` and all open ones, None for every invoice.

    What changed in the last `grace_minutes` may still be on its way and is left alone.
    """

    days: Annotated[int, Field(ge=1)] | None = None
    grace_minutes: Annotated[int, Field(ge=0)] = 60


class RunRef(Contract):
    """One run of one organization, as of when it started."""

    org_id: str
    run_id: str
    started_at: Moment
    repair: bool
    scope: ReconciliationScope


class ReconciliationInput(Contract):
    """What a run compares; `run`, `part`, `cursor` and `findings` are where a run that continues as new stands."""

    org_id: str
    repair: bool = True
    scope: ReconciliationScope = ReconciliationScope()
    run: RunRef | None = None
    part: ReconciliationPart = ReconciliationPart.LIST_STRIPE
    cursor: str | None = None
    findings: int | None = None


class SliceInput(RunRef):
    """Go on with one part of a run from `cursor`, None for its beginning."""

    part: ReconciliationPart
    cursor: str | None = None


class SliceResult(Contract):
    """How far a part got, `next` is None at its end; and how many findings the run has by then.

    A run that began before findings were counted does not know how many.
    """

    next: str | None = None
    findings: int | None = None


class NightlyReconciliationInput(Contract):
    """Reconcile every organization, or those of one `shard` whose ids come after `after`."""

    scope: ReconciliationScope
    shard: int | None = None
    after: str | None = None


class OrganizationsInput(Contract):
    """Name the next organizations of a shard."""

    shard: int
    after: str | None = None


class RecordedInvoice(Contract):
    """An invoice of ours with what a comparison needs; `changed_at` is real time.

    `is_unbilled` tells that it is void, and what it billed is neither billed again nor waived. Until its tax is known
    its total is net.
    """

    summary: InvoiceSummary
    stripe_invoice_id: str | None
    stripe_customer_id: str | None
    changed_at: Moment
    is_unbilled: bool = False
    tax_known: bool = True


class RecordedAccount(Contract):
    """A billing account of ours that has a customer at Stripe; `balance`, in minor units, is owed to the customer.

    `is_young` where money moved on it within the run's grace.
    """

    billing_account_id: str
    stripe_customer_id: str
    currency: str
    balance: int
    is_young: bool


class FindingRecord(Contract):
    """A finding as it was recorded; `repaired_at` says that it was repaired, `problem` why the repair failed."""

    finding_id: str
    kind: FindingKind
    severity: Severity
    subject_id: str
    message: str
    repair: Repair | None = None
    stripe_invoice_ids: tuple[str, ...] = ()
    closed_as: str | None = None
    repaired_at: Moment | None = None
    problem: str | None = None

    @property
    def needs_a_person(self) -> bool:
        """Tell whether billflow can't repair it, or tried and failed."""
        return self.repaired_at is None and (self.repair is None or self.problem is not None)


class FindingFilter(Contract):
    """Which findings to list; what is None does not count. `open` ones are not repaired."""

    kind: FindingKind | None = None
    severity: Severity | None = None
    open: bool | None = None

    def fits(self, finding: FindingRecord) -> bool:
        """Tell whether a finding is one of them."""
        fitting = self.kind in (None, finding.kind) and self.severity in (None, finding.severity)
        return fitting and self.open in (None, finding.repaired_at is None)


class RepairInput(Contract):
    """Repair one finding of a run."""

    org_id: str
    reconciliation_run_id: str
    finding_id: str


class ReconciliationCreate(RequestModel):
    """What to compare: invoices of the last `days` and all unpaid ones, or all; and whether to repair what is safe.

    What changed in the last `grace_minutes` may still be on its way and is left alone.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"days": 90, "repair": False}]})

    repair: bool = False
    days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    grace_minutes: Annotated[int, Field(ge=0, le=1_000_000)] = 60

    @property
    def scope(self) -> ReconciliationScope:
        """Return what to compare."""
        return ReconciliationScope(days=self.days, grace_minutes=self.grace_minutes)


class ReconciliationRunRecord(Contract):
    """A run as it stands: `findings` of it in all, `repaired` ones, and those that are left to a person.

    `finished_at` is None while it goes on.
    """

    org_id: str
    reconciliation_run_id: str
    started_at: Moment
    finished_at: Moment | None
    repair: bool
    invoices_compared: int
    findings: int
    repaired: int
    for_a_person: int


class ReconciliationRunResponse(ResourceResponse, ReconciliationRunRecord):
    """One comparison of the billing database, Stripe and the workflows."""

    org_id: str = left_out()
    reconciliation_run_id: str = shown_as("id", "reconciliation_run_id")


class ReconciliationRunList(ListResponse):
    """Runs, the newest first."""

    rows: list[ReconciliationRunResponse] = shown_as("reconciliation_runs", "rows")


class FindingResponse(ResourceResponse, FindingRecord):
    """Something that two accounts do not agree on; `subject_id` is an invoice or plan, or Stripe's id."""

    finding_id: str = shown_as("id", "finding_id")


class FindingList(ListResponse):
    """The findings of a run, the worst first."""

    rows: list[FindingResponse] = shown_as("findings", "rows")


class FindingRepair(RequestModel):
    """Why a finding is repaired, for the audit log."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Stripe's webhook was lost"}]})

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class ReconciliationReport(Contract):
    """What one run found; `finished_at` is None while it goes on."""

    run_id: str
    started_at: Moment
    finished_at: Moment | None
    repair: bool
    invoices_compared: int
    findings: tuple[FindingRecord, ...]

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing is left to repair."""
        return all(finding.repaired_at is not None for finding in self.findings)
