"""Into a suspension and back: nobody pays for suspended time, nobody is billed twice (rules 27)."""

from dataclasses import replace
from datetime import datetime

from billflow.domain.billing_dates import bill_and_advance, live_up_to_command
from billflow.domain.calendar import without_microseconds
from billflow.domain.cycle import end_cycle, next_billing_cycle
from billflow.domain.invoicing.invoice import bill
from billflow.domain.ledger import LicenseCount
from billflow.domain.plan import PlanStatus
from billflow.domain.seat_observations import sync, take_in_newest
from billflow.domain.step import Facts, Outcome, Step


def suspend(facts: Facts, at: datetime) -> Outcome:
    """Return the plan as its customer is suspended at *at*: what happened before still counts, nothing after does."""
    moment = without_microseconds(at)
    step = Step.begin(facts, moment)
    live_up_to_command(step)
    step.customer = replace(step.customer, suspended_since=moment)
    step.say("plan.suspended", since=moment)
    return step.finish()


def resume(facts: Facts, at: datetime) -> Outcome:
    """Return the plan as billing resumes at *at*.

    Within the period that was paid before, the old grid goes on. If that period is over, a new one starts now and
    the anchor moves; a plan scheduled to end or switch does so now. Raises `NeedsAttention` as a renewal does.
    """
    step = Step.begin(facts, without_microseconds(at))
    live_up_to_command(step)
    step.customer = replace(step.customer, suspended_since=None)
    if step.plan.status.is_live:
        _go_on(step)
        step.say("plan.resumed", anchor=step.plan.billing_cycle_anchor)
    return step.finish()


def _go_on(step: Step) -> None:
    take_in_newest(step)
    is_billed = step.tier.billable or step.plan.status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END
    if next_billing_cycle(step) <= step.at and is_billed:
        _start_over(step)
    elif step.plan.is_automatic and step.seen:
        sync(step, step.at)


def _start_over(step: Step) -> None:
    # No end date moved in a suspension that outlasted the cycle changes what that cycle cost (rules 8.9).
    step.facts = replace(step.facts, additions=())
    bill(step, with_items=False)
    if step.plan.is_automatic and step.seen:
        step.append(step.at, LicenseCount(step.ledger[-1].licenses, step.billable(step.tier_at_renewal)))
    end_cycle(step, step.at)
    if step.plan.status is not PlanStatus.ENDED:
        step.change(billing_cycle_anchor=step.at, next_invoice_date=step.at)
    bill_and_advance(step)
