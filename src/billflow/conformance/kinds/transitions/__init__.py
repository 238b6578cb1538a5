"""Cases about a plan's status: one answer per operation."""

from collections.abc import Callable

from billflow.conformance.given import Answer, Given
from billflow.conformance.kinds.transitions import commands, jobs, start, time

OPERATIONS: dict[str, Callable[[Given], Answer]] = {
    "end_of_cycle": time.end_of_cycle,
    "invoice_run": time.invoice_run,
    "cron_catch_up": time.cron_catch_up,
    "tier_upgrade_now": commands.tier_upgrade_now,
    "trial_schedule_switch": commands.trial_schedule_switch,
    "set_status": commands.set_status,
    "downgrade_now": commands.downgrade_now,
    "initial_upgrade": start.initial_upgrade,
    "trial_start": start.trial_start,
    "invoice_paid_webhook": start.invoice_paid_webhook,
    "small_org_nonpayment": jobs.small_org_nonpayment,
    "stale_usage_data_check": jobs.stale_usage_data_check,
    "fixed_price_review_reminder": jobs.fixed_price_review_reminder,
}


def status_transition(given: Given) -> Answer:
    """Answer what an operation changes."""
    return given.choice("op", OPERATIONS)(given)
