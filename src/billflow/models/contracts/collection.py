"""What the collection of one unpaid invoice carries."""

from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.invoices import InvoiceRef, InvoiceSummary


class CollectionRun(Contract):
    """The input of a collection: the invoice, and how many attempts were answered already.

    `delays_days` is the dunning policy: days from each failed attempt to the next. `clock_at` is the standing time of
    the plan's test clock, None for real time.
    """

    invoice: InvoiceSummary
    attempts: int = 1
    delays_days: tuple[int, ...] = (1, 3, 5, 7)
    clock_at: Moment | None = None


class CollectionPlan(InvoiceRef):
    """When collection tries again; None where it only waits for the customer, or is over."""

    next_attempt_at: Moment | None
