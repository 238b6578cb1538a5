"""Commands that let a plan end, or take that back (rules 9, 10, 13 and 18)."""

from dataclasses import replace
from datetime import timedelta

from billflow.domain.billing_dates import close_in_parts
from billflow.domain.calendar import without_microseconds
from billflow.domain.commands import (
    CancelScheduledChange,
    DowngradeAtEndOfCycle,
    DowngradeAtEndOfFreeTrial,
    EndNow,
    ExtendTrial,
    Retry,
    SetEndDate,
)
from billflow.domain.cycle import downgrade_now
from billflow.domain.errors import InvalidInput
from billflow.domain.plan import PlanStatus
from billflow.domain.step import Step


def downgrade_at_end_of_cycle(step: Step, _command: DowngradeAtEndOfCycle) -> None:
    """Schedule the end of the plan; monthly invoices go on until then."""
    step.check_cycle_ends()
    step.change(status=PlanStatus.DOWNGRADE_AT_END_OF_CYCLE)
    step.say("plan.downgrade_scheduled")


def downgrade_at_end_of_free_trial(step: Step, _command: DowngradeAtEndOfFreeTrial) -> None:
    """Schedule the end of the plan for the end of the trial."""
    step.change(status=PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL)
    step.say("plan.downgrade_scheduled")


def cancel_scheduled_change(step: Step, _command: CancelScheduledChange) -> None:
    """Let the plan go on as it is; a successor that was scheduled never starts (rules 19)."""
    trial = step.plan.status is PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL
    step.change(status=PlanStatus.FREE_TRIAL if trial else PlanStatus.ACTIVE)
    _drop_scheduled(step)
    step.say("plan.scheduled_change_canceled")


def end_now(step: Step, command: EndNow) -> None:
    """End the plan without a further invoice; a purchase that is not paid yet takes its invoice with it."""
    step.void_open_invoices = command.void_open_invoices or step.plan.status is PlanStatus.NEVER_STARTED
    downgrade_now(step, "ended_now")
    _drop_scheduled(step)


def _drop_scheduled(step: Step) -> None:
    if follower := step.facts.next_plan:
        step.scheduled = replace(follower, status=PlanStatus.ENDED, next_invoice_date=None, ended_at=step.at)


def set_end_date(step: Step, command: SetEndDate) -> None:
    """Set when the plan ends; complimentary access is then visited on that date only (rules 13)."""
    end_date = without_microseconds(command.end_date)
    if end_date <= step.at:
        raise InvalidInput("end_date must lie in the future.", code="end_date_in_the_past", field="end_date")
    step.change(end_date=end_date, review_reminder_sent=False)
    if not step.tier.billable:
        step.change(next_invoice_date=end_date)
    step.say("plan.end_date_set", end_date=end_date)


def extend_trial(step: Step, command: ExtendTrial) -> None:
    """Move the end of the trial, in days of 24 hours."""
    ends = (step.plan.next_invoice_date or step.at) + timedelta(days=command.days)
    step.change(next_invoice_date=without_microseconds(ends))
    step.say("plan.trial_extended", ends=ends)


def retry(step: Step, command: Retry) -> None:
    """Note that someone asked; what is due is tried again by whoever carries the command, or billed in parts now."""
    step.say("plan.retry_requested")
    if command.in_parts:
        close_in_parts(step)
