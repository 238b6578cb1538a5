"""Buying a plan: what the first invoice asks for, trials, and what starts once it is paid (rules 7 and 10)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billflow.domain.calendar import Period, add_months, without_microseconds
from billflow.domain.catalog import Catalog, Tier
from billflow.domain.commands import MAX_TRIAL_DAYS
from billflow.domain.customer import CustomerTerms, minimum_licenses, price_per_license
from billflow.domain.errors import AlreadySubscribed, InvalidInput, Refused
from billflow.domain.invoicing.billing import bill
from billflow.domain.invoicing.draft import (
    InvoiceDraft,
    InvoiceKind,
    Line,
    LineKind,
    payment_terms,
    statement_descriptor,
)
from billflow.domain.invoicing.rules import flat_discount, instalment
from billflow.domain.ledger import Disposition, LicenseCount
from billflow.domain.observing import take_in_newest
from billflow.domain.plan import CollectionMethod, LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.proration import Derivation
from billflow.domain.seats import LicenseCheck, SeatObservation, checked_licenses, seats_of
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.domain.step import Facts, Outcome, Step

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPlan:
    """What a customer asks for; `fixed_price` is the yearly price of an offer they accept.

    `licenses` may be left out where licences follow the seats. `trial_days` of 0 means to buy at once.
    """

    tier: str
    schedule: Schedule
    licenses: int | None = None
    license_management: LicenseManagement = LicenseManagement.AUTOMATIC
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    trial_days: int = 0
    fixed_price: int | None = None
    offer_id: str | None = None

    def __post_init__(self) -> None:
        if self.licenses is not None:
            checked_licenses(self.licenses)
        if not 0 <= self.trial_days <= MAX_TRIAL_DAYS:
            raise InvalidInput(f"trial_days must lie between 0 and {MAX_TRIAL_DAYS}.", field="trial_days")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFacts:
    """What the books know of a customer who starts a plan; `plan_id` is the new plan's id."""

    plan_id: str
    customer: CustomerTerms
    catalog: Catalog
    has_live_plan: bool = False
    buying: bool = False
    last_observation: SeatObservation | None = None
    settings: BillingSettings = DEFAULT_SETTINGS


def start_plan(facts: StartFacts, asked: StartPlan, at: datetime) -> Outcome:
    """Return the new plan: a trial that runs at once, or a purchase that starts when its invoice is paid.

    Raises `InvalidInput` or `Refused` for anything the rules don't allow (rules 7.1 and 10).
    """
    tier = _checked_tier(facts, asked)
    plan = _new_plan(facts, tier, asked, at)
    step = Step.begin(_facts_of(facts, plan), at)
    licenses = _licenses(facts, tier, asked)
    if asked.trial_days:
        _start_trial(step, licenses, asked.trial_days)
    else:
        step.invoices.append(purchase_invoice(step, licenses))
        step.say("plan.purchase_started", licenses=licenses)
    return step.finish()


def activate(facts: Facts, paid_licenses: int, at: datetime) -> Outcome:
    """Return the plan as it starts at *at*, the moment its purchase was paid (rules 7.2).

    Seats that came meanwhile are billed at once, at the full price; ones that went are not refunded.
    """
    step = Step.begin(facts, without_microseconds(at))
    anchor, leap = step.at, facts.settings.leap_february
    fixed = step.plan.fixed_price is not None
    step.change(
        status=PlanStatus.ACTIVE,
        billing_cycle_anchor=anchor,
        next_invoice_date=add_months(anchor, 1, leap_february=leap),
        end_date=add_months(anchor, 12, leap_february=leap) if fixed else None,
    )
    take_in_newest(step)
    first = step.append(anchor, LicenseCount(paid_licenses, paid_licenses), renewal=True)
    step.settle([first], Disposition.BILLED)
    if not fixed and not step.customer.exempt_from_license_number_check:
        _settle_difference(step, paid_licenses)
    step.say("plan.activated", licenses=step.last.licenses, tier=step.plan.tier)
    return step.finish()


def _settle_difference(step: Step, paid: int) -> None:
    needed = step.billable() if step.plan.is_automatic else max(step.billable(), paid)
    if needed > paid:
        step.append(step.at, LicenseCount(needed, needed))
        bill(step)
    elif needed < paid:
        step.settle([step.append(step.at, LicenseCount(paid, needed))], Disposition.NOTHING_TO_BILL)
        step.say("plan.licenses_discrepancy", paid=paid, needed=needed)


def start_after_trial(
    facts: Facts, plan_id: str, paid_licenses: int, at: datetime, *, has_live_plan: bool = False
) -> Outcome:
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
    fresh = replace(facts, plan=plan, ledger=(), charged=(), next_plan=None, trial_invoice_paid=None)
    return activate(fresh, paid_licenses, at)


def abandon(facts: Facts, reason: str, at: datetime) -> Outcome:
    """Return the plan whose purchase came to nothing: it ends without ever having started."""
    step = Step.begin(facts, at)
    step.void_open_invoices = True
    step.end(reason)
    return step.finish()


def purchase_invoice(step: Step, licenses: int) -> InvoiceDraft:
    """Draft the invoice that buys the plan from the step's moment on (rules 7.2)."""
    start, leap = without_microseconds(step.at), step.facts.settings.leap_february
    months = 12 if step.plan.fixed_price is not None else step.plan.schedule.months
    period = Period(start, add_months(start, months, leap_february=leap))
    return _first_invoice(step, InvoiceKind.PURCHASE, licenses, period, None)


def trial_invoice(step: Step, licenses: int) -> InvoiceDraft:
    """Draft the invoice for the first paid period of a trial, due when the trial ends (rules 10)."""
    start = step.plan.next_invoice_date or step.at
    leap = step.facts.settings.leap_february
    period = Period(start, add_months(start, step.plan.schedule.months, leap_february=leap))
    return _first_invoice(step, InvoiceKind.TRIAL_PURCHASE, licenses, period, (start - step.at) // DAY)


def _first_invoice(
    step: Step, kind: InvoiceKind, licenses: int, period: Period, trial_days: int | None
) -> InvoiceDraft:
    line = _first_line(step, licenses, period)
    discount = flat_discount(step.plan, step.customer, [line])
    months = discount.derivation.numerator if discount else 0
    step.customer = step.customer.with_months_spent(months)
    terms = payment_terms(
        step.plan.collection_method, purchase=True, settings=step.facts.settings, trial_days=trial_days
    )
    return InvoiceDraft(
        kind=kind,
        at=step.at,
        currency=step.plan.currency,
        lines=(line, discount) if discount else (line,),
        terms=terms,
        statement_descriptor=statement_descriptor(step.tier.name),
        flat_discount_months=months,
        licenses=licenses,
    )


def _first_line(step: Step, licenses: int, period: Period) -> Line:
    plan, name = step.plan, step.tier.name
    if plan.fixed_price is not None:
        derivation = instalment(plan.fixed_price, plan.schedule, 0, period, step.facts.settings)
        return Line(LineKind.FIXED_PRICE_UPGRADE, name, derivation)
    price = plan.price_per_license or 0
    derivation = Derivation(price=price, quantity=licenses, period=period, percent_off=plan.discount_percent)
    return Line(LineKind.INITIAL_UPGRADE, name, derivation)


def _start_trial(step: Step, licenses: int, days: int) -> None:
    anchor = without_microseconds(step.at)
    step.change(status=PlanStatus.FREE_TRIAL, billing_cycle_anchor=anchor, next_invoice_date=anchor + days * DAY)
    step.append(anchor, LicenseCount(licenses, licenses), renewal=True)
    if step.plan.collection_method is CollectionMethod.SEND_INVOICE:
        step.invoices.append(trial_invoice(step, licenses))
    step.say("plan.trial_started", days=days, licenses=licenses)


def _checked_tier(facts: StartFacts, asked: StartPlan) -> Tier:
    tier = facts.catalog.tier(asked.tier)
    if tier.hosting is not facts.customer.hosting:
        raise Refused(
            f"{tier.name} is for {tier.hosting} deployments, the customer's is {facts.customer.hosting}.",
            code="tier_not_for_deployment",
            field="tier",
        )
    if facts.has_live_plan:
        raise AlreadySubscribed
    if facts.buying:
        raise Refused("Another purchase waits for its payment; end that one first.", code="purchase_in_progress")
    if asked.trial_days:
        _check_trial(facts.customer, tier, asked)
    return tier


def _check_trial(customer: CustomerTerms, tier: Tier, asked: StartPlan) -> None:
    if not tier.trial or customer.had_plan or asked.fixed_price is not None:
        raise Refused(
            "A trial is for customers who never had a plan, on tiers that offer one, at list price.",
            code="trial_not_available",
            field="trial_days",
        )


def _licenses(facts: StartFacts, tier: Tier, asked: StartPlan) -> int:
    """Return how many licences to buy: the seats' own number, or the one asked for (rules 7.1)."""
    if asked.fixed_price is not None:
        return asked.licenses or 1
    customer = facts.customer
    seats = seats_of(tier.hosting, facts.last_observation)
    minimum = minimum_licenses(tier, customer)
    by_card = asked.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    if by_card and asked.license_management is LicenseManagement.AUTOMATIC:
        return max(seats, minimum)
    exempt = customer.exempt_from_license_number_check
    return LicenseCheck(seats=seats, minimum=minimum, exempt=exempt).check(asked.licenses)


def _new_plan(facts: StartFacts, tier: Tier, asked: StartPlan, at: datetime) -> Plan:
    customer = facts.customer
    fixed = asked.fixed_price is not None
    price = None if fixed else price_per_license(facts.catalog, tier.code, asked.schedule, customer.currency, customer)
    invoiced = asked.collection_method is CollectionMethod.SEND_INVOICE and not fixed
    return Plan(
        id=facts.plan_id,
        customer_id=customer.id,
        tier=tier.code,
        schedule=asked.schedule,
        status=PlanStatus.NEVER_STARTED,
        currency=customer.currency,
        price_per_license=price.amount if price else None,
        fixed_price=asked.fixed_price,
        license_management=LicenseManagement.MANUAL if invoiced else asked.license_management,
        collection_method=asked.collection_method,
        billing_cycle_anchor=without_microseconds(at),
        next_invoice_date=None,
        discount_percent=price.percent_off if price else None,
        seats_observed_through=facts.last_observation.observed_at if facts.last_observation else at,
        offer_id=asked.offer_id,
    )


def _facts_of(facts: StartFacts, plan: Plan) -> Facts:
    return Facts(
        plan=plan,
        customer=facts.customer,
        catalog=facts.catalog,
        last_observation=facts.last_observation,
        settings=facts.settings,
    )
