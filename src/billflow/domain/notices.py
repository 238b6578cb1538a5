"""What customers are told ahead: a trial that will end, an invoice to come, a year that will renew (rules 33)."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

from billflow.domain.calendar import MICROSECOND, first_step_after
from billflow.domain.errors import InvalidInput, NeedsAttention, Refused
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.plan import Plan, PlanStatus, Schedule
from billflow.domain.preview import billing_dates_until
from billflow.domain.step import Facts

MOST_DAYS = 90


class NoticeOccasion(StrEnum):
    """What is told ahead; the value is the event's type."""

    TRIAL_WILL_END = "plan.trial_will_end"
    INVOICE_UPCOMING = "invoice.upcoming"
    PLAN_WILL_RENEW = "plan.will_renew"


@dataclass(frozen=True, slots=True)
class NoticeDays:
    """How many days ahead customers are told, 0 for never; of a renewed year a month ahead, by law in places."""

    trial_will_end: int = 3
    invoice_upcoming: int = 7
    plan_will_renew: int = 30

    def __post_init__(self) -> None:
        for field in fields(self):
            if not 0 <= getattr(self, field.name) <= MOST_DAYS:
                raise InvalidInput(f"{field.name} must lie between 0 and {MOST_DAYS} days.", field=field.name)

    def of(self, occasion: NoticeOccasion) -> timedelta:
        """Return how long ahead of an occasion is told of it."""
        return timedelta(days=getattr(self, occasion.name.lower()))


@dataclass(frozen=True, slots=True)
class Notice:
    """That something will be at `due_at`, told as of `at`."""

    occasion: NoticeOccasion
    due_at: datetime
    at: datetime


def notices_until(plan: Plan, days: NoticeDays, until: datetime) -> Iterator[Notice]:
    """Yield what is to be told of a plan by *until* and not after the fact, in time order.

    What would have been told before the plan began is told as of its beginning, and what another system bills is not.
    """
    found = []
    for occasion, due_at in _to_come(plan, until):
        if plan.in_parallel_run(due_at):
            continue
        ahead = days.of(occasion)
        at = max(due_at - ahead, plan.billing_cycle_anchor if plan.billing_cycle_anchor < due_at else due_at - ahead)
        if ahead and at <= until <= due_at:
            found.append(Notice(occasion, due_at, at))
    yield from sorted(found, key=lambda notice: notice.at)


def upcoming_invoice(facts: Facts, due_at: datetime, now: datetime) -> InvoiceDraft | None:
    """Return the invoice of a billing date if nothing changes, None where it bills nothing or would be on hold."""
    try:
        dates = list(billing_dates_until(facts, due_at, now=now))
    except (NeedsAttention, Refused, InvalidInput):
        return None
    invoices = (invoice for date in dates for invoice in date.invoices if not invoice.parallel_run)
    return next((invoice for invoice in invoices if invoice.at == due_at and invoice.total > 0), None)


def _to_come(plan: Plan, until: datetime) -> Iterator[tuple[NoticeOccasion, datetime]]:
    due_at = plan.due_at
    if due_at is None or not plan.status.is_live:
        return
    if plan.status.in_trial:
        yield NoticeOccasion.TRIAL_WILL_END, due_at
    yield NoticeOccasion.INVOICE_UPCOMING, due_at
    if plan.status is PlanStatus.ACTIVE and plan.schedule is Schedule.ANNUAL and not _is_free(plan):
        renewal = first_step_after(plan.billing_cycle_anchor, plan.schedule.months, until - MICROSECOND)
        if renewal > plan.billing_cycle_anchor and (plan.end_date is None or plan.end_date > renewal):
            yield NoticeOccasion.PLAN_WILL_RENEW, renewal


def _is_free(plan: Plan) -> bool:
    return not (plan.price_per_license or plan.fixed_price)
