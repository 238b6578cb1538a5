"""When a plan has a price that was announced (rules 14.1)."""

from datetime import datetime

from billflow.domain.calendar import MICROSECOND, first_step_after
from billflow.domain.plan import Plan, PlanStatus


def first_renewal_from(plan: Plan, not_before: datetime, now: datetime) -> datetime | None:
    """Return the first renewal at *not_before* or later, as the plan stands at *now*; None where it won't renew.

    The first cycle after a trial is no renewal.
    """
    if plan.status not in (PlanStatus.ACTIVE, PlanStatus.FREE_TRIAL):
        return None
    anchor, since = plan.billing_cycle_anchor, max(not_before - MICROSECOND, now)
    if plan.status.in_trial and plan.next_invoice_date:
        anchor = plan.next_invoice_date
        since = max(since, anchor)
    renewal = first_step_after(anchor, plan.schedule.months, since)
    return None if plan.end_date is not None and plan.end_date <= renewal else renewal
