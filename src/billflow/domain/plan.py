"""One customer's subscription to one tier: what is bought, how it is paid, where in its life it stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billflow.domain.errors import InvalidInput


class Schedule(StrEnum):
    """How often a plan renews."""

    ANNUAL = "annual"
    HALF_YEARLY = "half_yearly"
    QUARTERLY = "quarterly"
    MONTHLY = "monthly"

    @property
    def months(self) -> int:
        """Return the length of one cycle in calendar months."""
        return _MONTHS[self]


_MONTHS = {Schedule.ANNUAL: 12, Schedule.HALF_YEARLY: 6, Schedule.QUARTERLY: 3, Schedule.MONTHLY: 1}


def check_fixed_schedule(schedule: Schedule) -> None:
    """Refuse a fixed price but for the year at once or in twelve parts (rules 13); raises `InvalidInput`."""
    if schedule not in (Schedule.ANNUAL, Schedule.MONTHLY):
        raise InvalidInput(
            "A fixed price is paid annual or monthly; name one of these.", code="unknown_schedule", field="schedule"
        )


class PlanStatus(StrEnum):
    """Where a plan stands (rules 1); `is_live` statuses are the ones a customer may have one of."""

    NEVER_STARTED = "never_started"
    FREE_TRIAL = "free_trial"
    ACTIVE = "active"
    DOWNGRADE_AT_END_OF_CYCLE = "downgrade_at_end_of_cycle"
    DOWNGRADE_AT_END_OF_FREE_TRIAL = "downgrade_at_end_of_free_trial"
    SWITCH_TO_ANNUAL_AT_END_OF_CYCLE = "switch_to_annual_at_end_of_cycle"
    SWITCH_TO_MONTHLY_AT_END_OF_CYCLE = "switch_to_monthly_at_end_of_cycle"
    SWITCH_PLAN_TIER_AT_PLAN_END = "switch_plan_tier_at_plan_end"
    ENDED = "ended"

    @property
    def is_live(self) -> bool:
        """Tell whether the plan counts as the customer's one live plan."""
        return self not in (PlanStatus.NEVER_STARTED, PlanStatus.ENDED)

    @property
    def in_trial(self) -> bool:
        """Tell whether nothing is charged yet."""
        return self in (PlanStatus.FREE_TRIAL, PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL)


class LicenseManagement(StrEnum):
    """Whether licenses follow the seats by themselves or are bought by hand."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


class CollectionMethod(StrEnum):
    """How an invoice is paid, in Stripe's words."""

    CHARGE_AUTOMATICALLY = "charge_automatically"
    SEND_INVOICE = "send_invoice"


class InvoicingStatus(StrEnum):
    """What the plan's newest invoice is waiting for; shown, never a lock (rules 8.6)."""

    DONE = "done"
    SENDING = "sending"
    INITIAL_INVOICE_TO_BE_SENT = "initial_invoice_to_be_sent"
    NEEDS_ATTENTION = "needs_attention"


class CutoverStatus(StrEnum):
    """Where the cutover of a plan stands (rules 42).

    It was asked for, or is to be taken back, and Stripe has not said yet how the old subscription stands; that one is
    set to end, or to go on; or billflow bills the plan since.
    """

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    CANCELING = "canceling"
    CANCELED = "canceled"
    DONE = "done"

    @property
    def is_open(self) -> bool:
        """Tell whether Stripe has still to say how the old subscription stands."""
        return self in (CutoverStatus.REQUESTED, CutoverStatus.CANCELING)


SUCCESSOR_ID = "successor"
"""Stands for the id of a plan that a step creates, until the records give it one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan's terms and state; money in minor units of `currency`, times UTC.

    Exactly one of `price_per_license` and `fixed_price` (a yearly amount) is set. `seats_observed_through` is the
    moment of the newest seat observation the ledger has taken in. While another tier is scheduled,
    `licenses_without_switch` is the number of licenses that the next cycle would have without it (rules 19.1).
    `catalog_version` is the catalogue its newest step went by. A price change that was announced makes the price per
    license `next_price` at the first renewal that is not before `next_price_from` (rules 14.1).
    `cycle_coupon` is what invoices call the coupon that takes `cycle_percent_off` off the running cycle (rules 34.1).
    Since `parallel_run_since` another system bills it, up to `cutover_at` where that is set (rules 41). At
    `cutover_date` nothing is billed before it is decided which of both bills on; `old_subscription` is the one at
    Stripe that ends then (rules 42).
    """

    id: str
    customer_id: str
    tier: str
    schedule: Schedule
    status: PlanStatus
    currency: str
    price_per_license: int | None
    fixed_price: int | None = None
    license_management: LicenseManagement
    collection_method: CollectionMethod
    billing_cycle_anchor: datetime
    next_invoice_date: datetime | None
    end_date: datetime | None = None
    discount_percent: str | None = None
    invoicing_status: InvoicingStatus = InvoicingStatus.DONE
    seats_observed_through: datetime
    stale_data_notice_sent: bool = False
    review_reminder_sent: bool = False
    licenses_without_switch: int | None = None
    predecessor_id: str | None = None
    offer_id: str | None = None
    ended_at: datetime | None = None
    catalog_version: int | None = None
    next_price: int | None = None
    next_price_from: datetime | None = None
    cycle_coupon: str | None = None
    cycle_percent_off: str | None = None
    parallel_run_since: datetime | None = None
    cutover_at: datetime | None = None
    cutover_status: CutoverStatus | None = None
    cutover_date: datetime | None = None
    old_subscription: str | None = None

    def __post_init__(self) -> None:
        if (self.price_per_license is None) == (self.fixed_price is None):
            raise InvalidInput("A plan has either a price per license or a fixed price; name one.", field="fixed_price")

    @property
    def is_automatic(self) -> bool:
        """Tell whether licenses follow the seats."""
        return self.license_management is LicenseManagement.AUTOMATIC

    def in_parallel_run(self, moment: datetime) -> bool:
        """Tell whether another system bills what begins at *moment*, and billflow only computes it (rules 41.1)."""
        return self.parallel_run_since is not None and (self.cutover_at is None or moment < self.cutover_at)

    @property
    def due_at(self) -> datetime | None:
        """Return the plan's next billing date: its invoice date, or its end date where that is earlier.

        A plan that hands over at its end date has that date as its invoice date, which moves on while the customer
        is suspended.
        """
        return billing_date(self.status, self.next_invoice_date, self.end_date)


def billing_date(status: PlanStatus, next_invoice_date: datetime | None, end_date: datetime | None) -> datetime | None:
    """Return the same as `Plan.due_at` of a plan that has these."""
    if not status.is_live:
        return None
    if status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END:
        return next_invoice_date
    moments = [moment for moment in (next_invoice_date, end_date) if moment is not None]
    return min(moments, default=None)
