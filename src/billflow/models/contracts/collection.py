"""What the collection of one unpaid invoice carries."""

from billflow.domain.dunning import DunningAction, DunningPolicy, UnpaidInvoice
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.invoices import InvoiceInput, InvoiceRef, InvoiceStatus, InvoiceSummary


class CollectionTerms(Contract):
    """By which policy an invoice is collected, and how far that has come by the records.

    `attempts` counts all answers so far, by which the next one is numbered; `unpaid` counts those of the policy.
    `last_outcome` is the kind of the last answer. `attempts_before` counts those before Stripe lost the invoice: then
    the policy begins anew. `clock_at` is where the plan's test clock stands, which may have
    moved on before the collection could hear of it.
    """

    policy: DunningPolicy
    unpaid: UnpaidInvoice
    status: InvoiceStatus
    attempts: int
    last_outcome: str | None = None
    attempts_before: int = 0
    clock_at: Moment | None = None

    @property
    def is_under_way(self) -> bool:
        """Tell whether a charge was taken and its bank has not answered yet."""
        by_card = self.unpaid.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
        return by_card and self.last_outcome == "open" and self.status.is_open


class CollectionInput(Contract):
    """The input of a collection: the invoice, and how many attempts were answered at least.

    `customer_id` is None in runs that began before it was passed on. `clock_at` is the standing time of the plan's test
    clock, None for real time. `terms` is where a run that continues as new stands, None for the first one.
    """

    invoice: InvoiceSummary
    customer_id: str | None = None
    attempts: int = 1
    clock_at: Moment | None = None
    terms: CollectionTerms | None = None


class NextAttemptInput(InvoiceRef):
    """What to record as collection's next action, and when; without a moment it waits for the customer, or is over."""

    next_attempt_at: Moment | None
    next_action: DunningAction = DunningAction.AWAIT_CUSTOMER


class SuspensionResult(Contract):
    """The live plans of a customer that was suspended or reactivated; `changed` is False where nothing was to do."""

    changed: bool
    plan_ids: tuple[str, ...] = ()


class SmallOrganizationResult(Contract):
    """What the small-organization rule decided: the plan to end, if any, and the invoices that were voided."""

    plan_id: str | None = None
    voided: tuple[InvoiceSummary, ...] = ()
    notify_owners: bool = False


class AttemptFailed(Contract):
    """A payment failed after Stripe had taken it; with `requires_action` the customer can still confirm it."""

    requires_action: bool = False


class FailedAttemptInput(InvoiceInput):
    """A payment that a bank refused after it was under way, recorded as an outcome with a number of its own."""

    requires_action: bool = False
