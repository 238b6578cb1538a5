"""Commands that let a plan end, or take that back (rules 9, 10, 13 and 18)."""

from dataclasses import replace
from datetime import timedelta

from billflow.domain import commands as c
from billflow.domain.billing_dates import close_in_parts
from billflow.domain.calendar import first_step_after, without_microseconds
from billflow.domain.cycle import check_cycle_ends, downgrade_now
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.ledger import LicenseCount
from billflow.domain.plan import PlanStatus
from billflow.domain.step import Step


def downgrade_at_end_of_cycle(step: Step, _command: c.DowngradeAtEndOfCycle) -> None:
    """Schedule the end of the plan; monthly invoices go on until then."""
    check_cycle_ends(step)
    step.change(status=PlanStatus.DOWNGRADE_AT_END_OF_CYCLE)
    step.say("plan.downgrade_scheduled")


def downgrade_at_end_of_free_trial(step: Step, _command: c.DowngradeAtEndOfFreeTrial) -> None:
    """Schedule the end of the plan for the end of the trial."""
    step.change(status=PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL)
    step.say("plan.downgrade_scheduled")


def cancel_scheduled_change(step: Step, _command: c.CancelScheduledChange) -> None:
    """Let the plan go on as if the change had never been scheduled; its successor never starts (rules 19.1)."""
    status = step.plan.status
    trial = status is PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL
    step.change(status=PlanStatus.FREE_TRIAL if trial else PlanStatus.ACTIVE)
    if status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END:
        _drop_tier(step)
    step.say("plan.scheduled_change_canceled")


def end_now(step: Step, command: c.EndNow) -> None:
    """End the plan without a further invoice; a purchase that is not paid yet takes its invoice with it."""
    step.void_open_invoices = command.void_open_invoices or step.plan.status is PlanStatus.NEVER_STARTED
    downgrade_now(step, "ended_now")
    _drop_scheduled(step)


def _drop_tier(step: Step) -> None:
    """Go back to the billing dates and to the licenses that the plan has without its successor."""
    _drop_scheduled(step)
    kept, last = step.plan.licenses_without_switch, step.last
    if kept is not None and kept != last.licenses_at_next_renewal:
        step.append(step.at, LicenseCount(last.licenses, kept))
    step.change(licenses_without_switch=None)
    if step.tier.billable:
        leap = step.facts.settings.leap_february
        step.change(next_invoice_date=first_step_after(step.plan.billing_cycle_anchor, 1, step.at, leap_february=leap))


def _drop_scheduled(step: Step) -> None:
    if follower := step.facts.next_plan:
        step.scheduled = replace(follower, status=PlanStatus.ENDED, next_invoice_date=None, ended_at=step.at)


def set_end_date(step: Step, command: c.SetEndDate) -> None:
    """Set when the plan ends; complimentary access is then visited on that date only (rules 13)."""
    end_date = without_microseconds(command.end_date)
    if end_date <= step.at:
        raise InvalidInput("end_date must lie in the future.", code="end_date_in_the_past", field="end_date")
    step.change(end_date=end_date, review_reminder_sent=False)
    if not step.tier.billable:
        step.change(next_invoice_date=end_date)
    step.say("plan.end_date_set", end_date=end_date)


def remove_end_date(step: Step, _command: c.RemoveEndDate) -> None:
    """Let the plan run on; one that is given for a time only keeps an end date (rules 13)."""
    if step.plan.end_date is None:
        raise Refused("The plan has no end date.", code="no_change")
    if step.plan.fixed_price is not None or step.tier.needs_end_date:
        raise Refused("The plan is for a time only; set a later end date instead.", code="end_date_needed")
    step.change(end_date=None, review_reminder_sent=False)
    if not step.tier.billable:
        step.change(next_invoice_date=None)
    step.say("plan.end_date_removed")


def extend_trial(step: Step, command: c.ExtendTrial) -> None:
    """Move the end of the trial, in days of 24 hours."""
    ends = (step.plan.next_invoice_date or step.at) + timedelta(days=command.days)
    step.change(next_invoice_date=without_microseconds(ends))
    step.say("plan.trial_extended", ends=ends)


def retry(step: Step, command: c.Retry) -> None:
    """Note that someone asked; what is due is tried again by whoever carries the command, or billed in parts now."""
    step.say("plan.retry_requested")
    if command.in_parts:
        close_in_parts(step)
