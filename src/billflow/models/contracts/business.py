"""The figures of the whole business (rules 38); amounts in minor units of their currency, moments UTC."""

from datetime import date

from billflow.domain.dunning import DunningAction
from billflow.domain.reconciliation import FindingKind, Severity
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.endpoints import EndpointStatus
from billflow.models.contracts.responses import ListResponse, shown_as

MONTHS = 12
"""How many whole months a report goes back."""


class TierRevenue(Contract):
    """What the live plans of one tier in one currency renew at `monthly`, and `yearly`: twelve times that.

    `members` and `guests` are the newest seats that were reported, `trials` plans are in their trial and count for
    nothing else.
    """

    currency: str
    tier: str
    tier_name: str
    plans: int
    trials: int
    licenses: int
    members: int
    guests: int
    monthly: int
    yearly: int


class RevenueMovement(Contract):
    """How what was billed to recur changed in `[since, until)`, in amounts for a year, so that nothing is rounded.

    `after` = `before` + `new` + `expansion` - `contraction` - `churned`. `churn_percent` is churned of before,
    `retention_percent` what is left of the before customers' amounts; None where nothing was there.
    """

    since: Moment
    until: Moment
    currency: str
    before: int
    new: int
    expansion: int
    contraction: int
    churned: int
    after: int
    customers: int
    new_customers: int
    churned_customers: int
    churn_percent: str | None
    retention_percent: str | None


class CollectedMonth(Contract):
    """What was paid in one month, named by its first day, and what was refunded in it; `net` is what is left."""

    month: date
    currency: str
    payments: int
    paid: int
    refunds: int
    refunded: int
    net: int


class UnpaidAge(Contract):
    """What is left to pay of the invoices due in `[due_since, due_until)`; with no `due_until` they aren't due yet."""

    currency: str
    due_since: Moment | None
    due_until: Moment | None
    invoices: int
    amount: int


class DebtsByAction(Contract):
    """The unpaid invoices for which collection does `next_action` next, and what is left to pay of them."""

    next_action: DunningAction
    currency: str
    invoices: int
    amount: int


class RenewalDay(Contract):
    """What the cycles cost that begin on one day, UTC, if nothing changes until then; before tax."""

    day: date
    currency: str
    plans: int
    licenses: int
    amount: int


class HoldReason(Contract):
    """How many plans are on hold with one code, and since when the oldest is."""

    code: str
    plans: int
    since: Moment


class OpenFindings(Contract):
    """How many findings of one kind the newest reconciliation left unrepaired."""

    kind: FindingKind
    severity: Severity
    findings: int


class FailingEndpoint(Contract):
    """An endpoint that takes no deliveries, or is disabled because it took none; `waiting` are messages for it."""

    endpoint_id: str
    url: str
    status: EndpointStatus
    failing_since: Moment | None
    waiting: int


class QueueAge(Contract):
    """How much waits in one queue, and since when the oldest of it; None where nothing does."""

    queue: str
    waiting: int
    oldest: Moment | None


class TaskQueueAge(Contract):
    """Since when about the oldest work of a task queue waits, None where none does, and how many processes take it.

    Task queues are all organizations'.
    """

    queue: str
    oldest: Moment | None
    workers: int


class BusinessReport(Contract):
    """All figures of an organization as of `at`; months are whole ones, the last of `collected` is the running one.

    `year` is the movement over the last twelve whole months. `reconciled_at` is when the newest reconciliation began.
    `task_queues` is None where Temporal does not answer. As of a moment that is over, it, `reconciled_at`, `findings`,
    `failing_endpoints` and `queues` are None: they are not kept.
    """

    at: Moment
    revenue: tuple[TierRevenue, ...]
    months: tuple[RevenueMovement, ...]
    year: tuple[RevenueMovement, ...]
    collected: tuple[CollectedMonth, ...]
    unpaid: tuple[UnpaidAge, ...]
    debts: tuple[DebtsByAction, ...]
    renewals: tuple[RenewalDay, ...]
    on_hold: tuple[HoldReason, ...]
    reconciled_at: Moment | None = None
    findings: tuple[OpenFindings, ...] | None = None
    failing_endpoints: tuple[FailingEndpoint, ...] | None = None
    queues: tuple[QueueAge, ...] | None = None
    task_queues: tuple[TaskQueueAge, ...] | None = None


class RenewalForecast(Contract):
    """A plan whose next cycle begins `at`, and what that costs if nothing changes until then; before tax."""

    plan_id: str
    customer_id: str
    customer_name: str
    tier: str
    tier_name: str
    at: Moment
    currency: str
    licenses: int
    amount: int


class RenewalList(ListResponse):
    """The plans whose next cycle begins within 30 days, the next one first."""

    rows: list[RenewalForecast] = shown_as("renewals", "rows")


class CustomerMovement(Contract):
    """How what was billed to recur of one customer changed in a month, in amounts for a year."""

    customer_id: str
    customer_name: str
    currency: str
    before: int
    after: int


class MovementList(ListResponse):
    """The customers of whom what is billed to recur changed in a month, the largest change first."""

    rows: list[CustomerMovement] = shown_as("movements", "rows")
