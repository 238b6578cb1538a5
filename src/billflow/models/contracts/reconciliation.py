"""What reconciliation carries and reports: the run, its parts, and what it found."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from billflow.domain.reconciliation import FindingKind, Repair, Severity
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.invoices import InvoiceSummary


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
