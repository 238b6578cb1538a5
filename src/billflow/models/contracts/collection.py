"""What the collection of one unpaid invoice carries."""

from billflow.domain.dunning import DunningAction, DunningPolicy, UnpaidInvoice
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus, InvoiceSummary


class CollectionRun(Contract):
    """The input of a collection: the invoice, and how many attempts were answered at least.

    `clock_at` is the standing time of the plan's test clock, None for real time.
    """

    invoice: InvoiceSummary
    attempts: int = 1
    clock_at: Moment | None = None


class CollectionTerms(Contract):
    """By which policy an invoice is collected, and how far that has come by the books.

    `attempts` counts all attempts so far, by which the next one is numbered; `unpaid` counts those of the policy.
    `clock_at` is where the plan's test clock stands, which may have moved on before the collection could hear of it.
    """

    policy: DunningPolicy
    unpaid: UnpaidInvoice
    status: InvoiceStatus
    attempts: int
    clock_at: Moment | None = None


class CollectionPlan(InvoiceRef):
    """What collection does next, and when; without a moment it only waits for the customer, or is over."""

    next_attempt_at: Moment | None
    next_action: DunningAction = DunningAction.AWAIT_CUSTOMER


class CollectionMoment(InvoiceRef):
    """Something that collection does about an invoice as of `at`."""

    at: Moment


class CustomerHeld(Contract):
    """The live plans of a customer that was suspended or let back in; `changed` is False where nothing was to do."""

    changed: bool
    plan_ids: tuple[str, ...] = ()


class GivenUp(Contract):
    """What the small-organization rule decided: the plan to end, if any, and the invoices that were voided."""

    plan_id: str | None = None
    voided: tuple[InvoiceSummary, ...] = ()
    tell_owners: bool = False


class AttemptFailed(Contract):
    """News of a payment that failed on its way, after Stripe had taken it; the customer may be able to mend it."""

    requires_action: bool = False
