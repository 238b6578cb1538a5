"""Starting a plan: bought, on trial, or for free (rules 7, 10 and 13)."""

from dataclasses import replace
from datetime import datetime

from billflow.domain.activation import abandon, activate, start_after_trial
from billflow.domain.calendar import MICROSECOND, without_microseconds
from billflow.domain.catalog import Tier
from billflow.domain.currencies import in_steps
from billflow.domain.customer import price_per_license
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.invoicing.purchase import DAY, purchase_invoice, trial_invoice
from billflow.domain.ledger import Disposition, LicenseCount
from billflow.domain.offers import OfferTerms, agreed, check_accepted
from billflow.domain.plan import CollectionMethod, LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.seats import STALE_AFTER
from billflow.domain.start_request import StartFacts, StartPlan, checked_purchase, checked_tier, redeemed
from billflow.domain.step import Facts, Outcome, Step

__all__ = ["StartFacts", "StartPlan", "abandon", "activate", "start_after_trial", "start_plan"]


def start_plan(facts: StartFacts, asked: StartPlan, at: datetime) -> Outcome:
    """Return the new plan: one that runs at once, or a purchase that starts when its invoice is paid.

    Trials and tiers that are never billed run at once. An offer that is accepted sets the price. Raises `InvalidInput`
    or `Refused` for anything the rules don't allow (rules 7.1, 10 and 13).
    """
    if facts.offer:
        check_accepted(facts.offer, asked.tier, at, asked.fixed_price)
        asked = replace(asked, fixed_price=facts.offer.fixed_price)
        facts = replace(facts, customer=agreed(facts.offer, facts.customer))
    tier = checked_tier(facts, asked, at)
    facts = replace(facts, customer=redeemed(facts, tier, asked, at))
    plan, seen = _new_plan(facts, tier, asked, at), facts.last_observation
    known = Facts(
        plan=plan, customer=facts.customer, catalog=facts.catalog, last_observation=seen, settings=facts.settings
    )
    step = Step.begin(known, at)
    if not tier.billable:
        _start_free(step, asked)
        return step.finish()
    licenses = checked_purchase(facts, tier, asked)
    if asked.trial_days:
        _start_trial(step, licenses, asked.trial_days)
    else:
        step.invoices.append(_on_offer_terms(purchase_invoice(step, licenses), facts.offer))
        step.say("plan.purchase_started", licenses=licenses)
    return step.finish()


def _on_offer_terms(invoice: InvoiceDraft, offer: OfferTerms | None) -> InvoiceDraft:
    """Give the invoice the days that the offer grants for paying it, where it is sent."""
    if offer is None or offer.days_until_due is None or invoice.terms.days_until_due is None:
        return invoice
    return replace(invoice, terms=replace(invoice.terms, days_until_due=offer.days_until_due))


def _start_trial(step: Step, licenses: int, days: int) -> None:
    anchor = step.plan.billing_cycle_anchor
    step.change(status=PlanStatus.FREE_TRIAL, next_invoice_date=anchor + days * DAY)
    step.append(anchor, LicenseCount(licenses, licenses), renewal=True)
    if step.plan.collection_method is CollectionMethod.SEND_INVOICE:
        step.invoices.append(trial_invoice(step, licenses))
    step.say("plan.trial_started", days=days, licenses=licenses)


def _start_free(step: Step, asked: StartPlan) -> None:
    """Start complimentary access, visited again on its end date, or a community plan, which never is."""
    ends = without_microseconds(asked.end_date) if asked.end_date else None
    step.change(status=PlanStatus.ACTIVE, end_date=ends, next_invoice_date=ends)
    licenses = step.billable() if _knows_its_seats(step) else 0
    first = step.append(step.plan.billing_cycle_anchor, LicenseCount(licenses, licenses), renewal=True)
    step.allocate([first], Disposition.NOTHING_TO_BILL)
    step.say("plan.activated", licenses=licenses, tier=step.plan.tier)


def _knows_its_seats(step: Step) -> bool:
    """Tell whether seats were reported within two days; a free plan starts without them (rules 5)."""
    return step.seen is not None and step.at - step.seen.observed_at <= STALE_AFTER


def _new_plan(facts: StartFacts, tier: Tier, asked: StartPlan, at: datetime) -> Plan:
    anchor, seen = without_microseconds(at), facts.last_observation
    plan = Plan(
        id=facts.plan_id,
        customer_id=facts.customer.id,
        tier=tier.code,
        schedule=asked.schedule if tier.billable else Schedule.ANNUAL,
        status=PlanStatus.NEVER_STARTED,
        currency=facts.customer.currency,
        price_per_license=0,
        license_management=_management(tier, asked),
        collection_method=asked.collection_method,
        billing_cycle_anchor=anchor,
        next_invoice_date=None,
        seats_observed_through=seen.observed_at if seen else at - MICROSECOND,
        offer_id=asked.offer_id,
    )
    return _priced(facts, plan, asked)


def _management(tier: Tier, asked: StartPlan) -> LicenseManagement:
    """Return who counts: invoiced plans are manual, fixed prices and free plans automatic (rules 7.1 and 13)."""
    if asked.fixed_price is not None or not tier.billable:
        return LicenseManagement.AUTOMATIC
    return LicenseManagement.MANUAL if asked.by_invoice else asked.license_management


def _priced(facts: StartFacts, plan: Plan, asked: StartPlan) -> Plan:
    if asked.fixed_price is not None:
        fixed_price = in_steps(asked.fixed_price, plan.currency, "fixed_price")
        return replace(plan, price_per_license=None, fixed_price=fixed_price)
    price = price_per_license(facts.catalog, plan.tier, plan.schedule, plan.currency, facts.customer)
    return replace(plan, price_per_license=price.amount, discount_percent=price.percent_off)
