"""Closing a billing date: take in the seats, end the cycle if it is over, bill what is open, move on (rules 8)."""

from datetime import datetime, timedelta

from billflow.domain.calendar import MICROSECOND, first_step_after
from billflow.domain.cutover import check_decided
from billflow.domain.cycle import end_cycle, goes_on_with_card, next_billing_cycle
from billflow.domain.errors import Refused
from billflow.domain.invoicing.invoice import bill
from billflow.domain.plan import InvoicingStatus, Plan, PlanStatus
from billflow.domain.seat_observations import check_freshness, recount, take_observations
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts, Outcome, Step
from billflow.domain.suspended_dates import pass_by

REVIEW_WINDOW = timedelta(days=62)


def process_billing_date(facts: Facts, at: datetime) -> Outcome:
    """Return what happens to the plan at its billing date *at*.

    While the customer is suspended the billing date passes without a charge (rules 27).
    Raises `NeedsAttention` where the plan has to wait.
    """
    step = Step.begin(facts, at)
    if step.suspended:
        live_through(step)
        pass_by(step)
        step.change(next_invoice_date=next_invoice_date(step.plan, facts.settings))
        return step.finish()
    close_billing_date(step)
    return step.finish()


def close_billing_date(step: Step) -> None:
    """Let the plan live up to the step's moment, a billing date, and bill it; raises as `process_billing_date`."""
    check_freshness(step, step.at)
    if ends := goes_on_with_card(step):
        step.change(next_invoice_date=ends)
        step.say("plan.trial_extended", ends=ends)
        return
    remind_of_review(step)
    live_through(step)
    bill_and_advance(step)


def live_through(step: Step) -> None:
    """Let the plan live up to the step's moment: observations and cycle ends in the order they happened.

    A suspended plan lives up to its suspension, and no further. Raises `NeedsAttention` at a billing date that can't be
    passed, with all before it done.
    """
    recount(step)
    since = step.customer.suspended_since
    until, inclusive = (since, False) if since and since <= step.at else (step.at, True)
    while step.plan.status.is_live:
        billing_date = next_billing_cycle(step)
        if billing_date > until or (billing_date == until and not inclusive):
            break
        take_observations(step, billing_date, inclusive=False)
        end_cycle(step, billing_date)
    take_observations(step, until, inclusive=inclusive)


def live_up_to_command(step: Step) -> None:
    """Let the plan live up to the moment of a command, as `live_through` does.

    A billing date still open then is one the plan is on hold at. The step's moment becomes the instant before it:
    the command still belongs to the old cycle, and may be what lets the plan go on (rules 9.1).
    """
    due = step.plan.due_at
    if due is not None and due <= step.at and not step.suspended:
        step.at = due - MICROSECOND
    live_through(step)


def close_in_parts(step: Step) -> None:
    """Bill the date that the plan is on hold at, an invoice over the most that can be charged as several (rules 25).

    For a step that lived up to a command. Raises `Refused` where nothing is due.
    """
    due = step.plan.due_at
    if step.suspended or due is None or step.at != due - MICROSECOND:
        raise Refused("Nothing is due that could be billed in parts; leave in_parts out.", code="nothing_due")
    check_decided(step.plan, due)
    step.at, step.in_parts = due, True
    close_billing_date(step)


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
