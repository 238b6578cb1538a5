"""Cases about licenses: how many seats people are, what may be bought, and the ledger entry that follows."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from billflow.conformance.facts import DEFAULT_TIER, PlanDefaults, customer_of, facts_of, first_entry, plan_of
from billflow.conformance.given import Answer, Given, MalformedCase
from billflow.conformance.reference import catalog_for
from billflow.conformance.results import entry_answer
from billflow.domain.billing_dates import live_through
from billflow.domain.catalog import Catalog, Hosting, usual_seats
from billflow.domain.customer import minimum_licenses
from billflow.domain.errors import NotEnoughLicenses, Refused, TooManyLicenses
from billflow.domain.ledger import LedgerEntry, LicenseCount, current_set, next_renewal_set
from billflow.domain.plan import CollectionMethod, LicenseManagement, Plan, PlanStatus
from billflow.domain.seats import LicenseCheck, SeatObservation
from billflow.domain.step import Facts, Step

MONTH = timedelta(days=30)
NEXT_TIER = DEFAULT_TIER.upgrades_to[0]
ByHand = Callable[[Plan, LedgerEntry, int, LicenseCheck], LicenseCount]

BY_HAND: dict[str, ByHand] = {"set_current_licenses": current_set, "set_next_renewal_licenses": next_renewal_set}


def ledger_update(given: Given) -> Answer:
    """Answer the entry that follows the newest one, or why there is none."""
    op, at = given.text("op"), given.moment("event_time")
    step = Step.begin(_facts(given, at), at)
    if op == "automatic_sync":
        live_through(step)
    elif op in BY_HAND:
        if refusal := _set_by_hand(step, BY_HAND[op], given.whole("value")):
            return {"error": refusal, "entry": None}
    else:
        raise MalformedCase(f"given.op must be automatic_sync or {' or '.join(BY_HAND)}, not {op!r}.", field="op")
    added = step.finish().entries
    return {"error": None, "entry": entry_answer(added[-1]) if added else None}


def _set_by_hand(step: Step, change: ByHand, value: int) -> str | None:
    try:
        step.append(step.at, change(step.plan, step.last, value, step.license_check(step.tier)))
    except Refused as refusal:
        return refusal.code
    return None


def _facts(given: Given, at: datetime) -> Facts:
    plan = plan_of(given, PlanDefaults(anchor=at, status=_status(given)))
    last, users = given.part("last_entry"), given.whole("current_billable_users")
    entry = first_entry(at, last.whole("licenses"), last.whole("licenses_at_next_renewal"))
    seen = SeatObservation(observed_at=at, members=users, guests=0)
    facts = facts_of(given, given, replace(plan, next_invoice_date=at + MONTH), at)
    if given.has("next_plan_minimum_licenses"):
        facts = _before_a_switch(facts, given.whole("minimum_licenses"), given.whole("next_plan_minimum_licenses"))
    given.whole("minimum_licenses")
    given.named(LicenseManagement, "license_management")
    if plan.is_automatic:
        return replace(facts, ledger=(entry,), last_observation=None, observations=(seen,))
    return replace(facts, ledger=(entry,), last_observation=seen)


def _before_a_switch(facts: Facts, minimum: int, next_minimum: int) -> Facts:
    """Return the facts of a plan that another one follows, each with its own fewest licenses (rules 6)."""
    tiers, ends = facts.catalog.tiers, facts.plan.billing_cycle_anchor + MONTH
    fewest = {facts.plan.tier: minimum, NEXT_TIER: next_minimum}
    bound = {code: replace(tiers[code], minimum_licenses=licenses) for code, licenses in fewest.items()}
    plan = replace(facts.plan, status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, end_date=ends, next_invoice_date=ends)
    return replace(
        facts,
        plan=plan,
        next_plan=replace(plan, tier=NEXT_TIER, status=PlanStatus.NEVER_STARTED),
        customer=replace(facts.customer, minimum_licenses=None),
        catalog=Catalog({**tiers, **bound}),
    )


def _status(given: Given) -> PlanStatus:
    if given.flag("free_trial", default=False):
        return PlanStatus.FREE_TRIAL
    if given.flag("plan_ending", default=False):
        return PlanStatus.DOWNGRADE_AT_END_OF_CYCLE
    return PlanStatus.ACTIVE


def seat_count(given: Given) -> Answer:
    """Answer the billable seats."""
    hosting = given.named(Hosting, "hosting")
    return {"seats": usual_seats(hosting).seats(given.whole("non_guests"), given.whole("guests"))}


def license_validation(given: Given) -> Answer:
    """Answer whether a number of licenses may be bought, or the fewest a tier allows."""
    return given.choice("op", {"validate": _validate, "plan_minimum": _plan_minimum})(given)


def _validate(given: Given) -> Answer:
    by_invoice = given.named(CollectionMethod, "billing_modality") is CollectionMethod.SEND_INVOICE
    check = LicenseCheck(
        seats=given.whole("current_billable_users"),
        minimum=given.whole("minimum_licenses"),
        exempt=given.flag("license_check_exempt", default=False),
        invoiced_limits=by_invoice and given.flag("enforce_invoiced_limits", default=False),
    )
    try:
        check.check(given.maybe_whole("licenses"))
    except NotEnoughLicenses as refusal:
        return {"valid": False, "error": refusal.code, "minimum": refusal.minimum}
    except TooManyLicenses as refusal:
        return {"valid": False, "error": refusal.code, "maximum": refusal.maximum}
    return {"valid": True}


def _plan_minimum(given: Given) -> Answer:
    tier = catalog_for(given).tier(given.text("tier"))
    customer = given.maybe_part("customer")
    by_invoice = given.flag("trial_by_invoice", "invoice_billed_free_trial", default=False)
    known = customer_of(customer, tier.hosting) if customer else None
    return {"minimum": minimum_licenses(tier, known, trial_by_invoice=by_invoice)}
