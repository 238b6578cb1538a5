"""Coming back from a suspension: nobody pays for suspended time, nobody is billed twice (billflow rules 15)."""

from dataclasses import replace
from datetime import datetime

from billflow.domain.boundary import bill_and_advance
from billflow.domain.calendar import without_microseconds
from billflow.domain.cycle import end_cycle, next_billing_cycle
from billflow.domain.invoicing.billing import bill
from billflow.domain.ledger import LicenseCount
from billflow.domain.observing import sync, take_in_newest
from billflow.domain.plan import PlanStatus
from billflow.domain.step import Facts, Outcome, Step


def resume(facts: Facts, at: datetime) -> Outcome:
    """Return the plan as billing resumes at *at*.

    Within the period that was paid before, the old grid goes on. If that period is over, a new one starts now and
    the anchor moves; a plan scheduled to end or switch does so now.
    """
    step = Step.begin(facts, without_microseconds(at))
    step.customer = replace(step.customer, suspended_since=None)
    cycle_end = next_billing_cycle(step)
    take_in_newest(step)
    if cycle_end > step.at:
        if step.plan.is_automatic and step.seen:
            sync(step, step.at)
    else:
        _start_over(step)
    step.say("plan.resumed", anchor=step.plan.billing_cycle_anchor)
    return step.finish()


def _start_over(step: Step) -> None:
    bill(step)
    if step.plan.is_automatic and step.seen:
        step.append(step.at, LicenseCount(step.ledger[-1].licenses, step.billable()))
    end_cycle(step, step.at)
    if step.plan.status is not PlanStatus.ENDED:
        step.change(billing_cycle_anchor=step.at, next_invoice_date=step.at)
    bill_and_advance(step)
