"""From a purchase to a running plan, or to none: its first invoice is paid, or given up (rules 7.2 and 10)."""

from dataclasses import replace
from datetime import datetime

from billflow.domain.calendar import add_months, without_microseconds
from billflow.domain.errors import AlreadySubscribed, Refused
from billflow.domain.invoicing.invoice import bill
from billflow.domain.ledger import Disposition, LicenseCount
from billflow.domain.plan import PlanStatus
from billflow.domain.seat_observations import take_in_newest
from billflow.domain.step import Facts, Outcome, Step


def activate(facts: Facts, at: datetime) -> Outcome:
    """Return the plan as it starts at *at*, the moment its purchase of `facts.paid_licenses` was paid (rules 7.2).

    Seats that came meanwhile are billed at once, at the full price; ones that went are not refunded.
    """
    step = Step.begin(facts, without_microseconds(at))
    anchor, leap, paid = step.at, facts.settings.leap_february, facts.paid_licenses
    fixed = step.plan.fixed_price is not None
    step.change(
        status=PlanStatus.ACTIVE,
        billing_cycle_anchor=anchor,
        next_invoice_date=add_months(anchor, 1, leap_february=leap),
        end_date=add_months(anchor, 12, leap_february=leap) if fixed else None,
    )
    take_in_newest(step)
    first = step.append(anchor, LicenseCount(paid, paid), renewal=True)
    step.allocate([first], Disposition.BILLED)
    if not fixed and not step.customer.exempt_from_license_number_check:
        _credit_difference(step, paid)
    step.say("plan.activated", licenses=step.last.licenses, tier=step.plan.tier)
    return step.finish()


def _credit_difference(step: Step, paid: int) -> None:
    needed = step.billable() if step.plan.is_automatic else max(step.billable(), paid)
    if needed > paid:
        step.append(step.at, LicenseCount(needed, needed))
        bill(step)
    elif needed < paid:
        step.allocate([step.append(step.at, LicenseCount(paid, needed))], Disposition.NOTHING_TO_BILL)
        step.say("plan.licenses_discrepancy", paid=paid, needed=needed)


def start_after_trial(facts: Facts, plan_id: str, at: datetime, *, has_live_plan: bool = False) -> Outcome:
    """Return a fresh plan on the terms of the ended trial in *facts*, whose invoice was paid late (rules 10).

    It starts at *at*, the moment of the payment. Raises `AlreadySubscribed` where another plan came in between, and
    `Refused` where the trial runs on: its end then looks at the payment.
    """
    trial = facts.plan
    if has_live_plan:
        raise AlreadySubscribed
    if trial.status is not PlanStatus.ENDED:
        raise Refused("The trial is not over; its invoice counts when it ends.", code="trial_not_over")
    plan = replace(
        trial, id=plan_id, predecessor_id=trial.id, status=PlanStatus.NEVER_STARTED, end_date=None, ended_at=None
    )
    nothing_yet = replace(facts, ledger=(), charged=(), additions=(), items=(), add_ons=(), next_plan=None)
    return activate(replace(nothing_yet, plan=plan, trial_invoice_paid=None), at)


def abandon(facts: Facts, reason: str, at: datetime) -> Outcome:
    """Return the plan whose purchase came to nothing: it ends without ever having started."""
    step = Step.begin(facts, at)
    step.void_open_invoices = True
    step.end(reason)
    return step.finish()
