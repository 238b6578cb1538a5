"""Closing a boundary: take in the seats, end the cycle if it is over, bill what is open, move on (rules 8)."""

from datetime import datetime, timedelta

from billflow.domain.calendar import first_step_after
from billflow.domain.cycle import end_cycle, next_billing_cycle
from billflow.domain.invoicing.billing import bill
from billflow.domain.observing import check_freshness, take_observations
from billflow.domain.plan import InvoicingStatus, Plan, PlanStatus
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts, Outcome, Step

REVIEW_WINDOW = timedelta(days=62)


def close_boundary(facts: Facts, at: datetime) -> Outcome:
    """Return what happens to the plan at its boundary *at*.

    While the customer is suspended the boundary passes without a charge (billflow rules 15).
    Raises `NeedsAttention` where the plan has to wait.
    """
    step = Step.begin(facts, at)
    if step.customer.suspended_since:
        _pass_by(step)
        return step.finish()
    check_freshness(step, at)
    remind_of_review(step)
    live_through(step)
    bill_and_advance(step)
    return step.finish()


def live_through(step: Step) -> None:
    """Let the plan live up to the step's moment: observations and cycle ends in the order they happened.

    A suspended plan stands still.
    """
    if step.customer.suspended_since:
        return
    while step.plan.status.is_live and (boundary := next_billing_cycle(step)) <= step.at:
        take_observations(step, boundary, inclusive=False)
        end_cycle(step, boundary)
    take_observations(step, step.at, inclusive=True)


def bill_and_advance(step: Step) -> None:
    """Bill the step's plan, then the one that took over in this step, and set when each is due next."""
    bill(step)
    step.change(
        next_invoice_date=next_invoice_date(step.plan, step.facts.settings), invoicing_status=InvoicingStatus.DONE
    )
    if step.successor:
        live_through(step.successor)
        bill_and_advance(step.successor)


def next_invoice_date(plan: Plan, settings: BillingSettings) -> datetime | None:
    """Return the first monthly step from the anchor after the stored invoice date, None once ended (rules 4)."""
    if plan.status is PlanStatus.ENDED or plan.next_invoice_date is None:
        return None
    return first_step_after(plan.billing_cycle_anchor, 1, plan.next_invoice_date, leap_february=settings.leap_february)


def remind_of_review(step: Step) -> None:
    """Ask the vendor once to review a fixed price that ends within 62 days (rules 15)."""
    plan = step.plan
    if plan.fixed_price is None or plan.review_reminder_sent or not plan.next_invoice_date:
        return
    if review_is_due(plan.end_date, plan.next_invoice_date):
        step.change(review_reminder_sent=True)
        step.say("plan.fixed_price_review_due", end_date=plan.end_date)


def review_is_due(end_date: datetime | None, next_invoice: datetime) -> bool:
    """Tell whether *end_date* is near enough to review the price."""
    return end_date is not None and end_date - next_invoice <= REVIEW_WINDOW


def _pass_by(step: Step) -> None:
    plan = step.plan
    if plan.end_date is not None and plan.end_date <= step.at:
        step.end("end_date")
        step.change(next_invoice_date=None)
    else:
        step.change(next_invoice_date=next_invoice_date(plan, step.facts.settings))
