"""The invoice that buys a plan: for a period from now on, or for the one that follows a trial (rules 7.2 and 10)."""

from datetime import timedelta

from billflow.domain.calendar import Period, add_months, without_microseconds
from billflow.domain.currencies import CURRENCIES
from billflow.domain.invoicing.draft import (
    InvoiceDraft,
    InvoiceKind,
    Line,
    LineKind,
    chargeable,
    payment_terms,
    statement_descriptor,
)
from billflow.domain.invoicing.rules import discounted, instalment
from billflow.domain.invoicing.tax import treatment_of, with_tax
from billflow.domain.proration import Derivation
from billflow.domain.step import Step

DAY = timedelta(days=1)


def purchase_invoice(step: Step, licenses: int) -> InvoiceDraft:
    """Draft the invoice that buys the plan from the step's moment on (rules 7.2)."""
    start, leap = without_microseconds(step.at), step.facts.settings.leap_february
    months = 12 if step.plan.fixed_price is not None else step.plan.schedule.months
    period = Period(start, add_months(start, months, leap_february=leap))
    return _first_invoice(step, InvoiceKind.PURCHASE, licenses, period, None)


def trial_invoice(step: Step, licenses: int) -> InvoiceDraft:
    """Draft the invoice for the first paid period of a trial, due when the trial ends (rules 10)."""
    now = without_microseconds(step.at)
    start = step.plan.next_invoice_date or now
    leap = step.facts.settings.leap_february
    period = Period(start, add_months(start, step.plan.schedule.months, leap_february=leap))
    return _first_invoice(step, InvoiceKind.TRIAL_PURCHASE, licenses, period, (start - now) // DAY)


def _first_invoice(
    step: Step, kind: InvoiceKind, licenses: int, period: Period, trial_days: int | None
) -> InvoiceDraft:
    lines, coupon_use, months = discounted(step, [_first_line(step, licenses, period)])
    treatment = treatment_of(step.facts.settings, step.customer, step.at)
    lines = with_tax(lines, treatment, step.plan.currency)
    terms = payment_terms(
        step.plan.collection_method, purchase=True, settings=step.facts.settings, trial_days=trial_days
    )
    draft = InvoiceDraft(
        kind=kind,
        at=step.at,
        currency=step.plan.currency,
        lines=tuple(lines),
        terms=terms,
        statement_descriptor=statement_descriptor(step.tier.name),
        flat_discount_months=months,
        coupon_use=coupon_use,
        licenses=licenses,
        automatic_tax=treatment.by_stripe,
    )
    return chargeable(draft)


def _first_line(step: Step, licenses: int, period: Period) -> Line:
    plan, name, smallest = step.plan, step.tier.name, CURRENCIES[step.plan.currency].step
    if plan.fixed_price is not None:
        derivation = instalment(plan.fixed_price, plan.schedule, 0, period, step.facts.settings, step=smallest)
        return Line(LineKind.FIXED_PRICE_UPGRADE, name, derivation)
    price = plan.price_per_license or 0
    derivation = Derivation(
        price=price, quantity=licenses, period=period, percent_off=plan.discount_percent, step=smallest
    )
    return Line(LineKind.INITIAL_UPGRADE, name, derivation)
