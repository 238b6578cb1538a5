"""Cases about the terms a new plan starts with."""

from dataclasses import replace
from datetime import datetime

from billflow.conformance.facts import PlanDefaults, customer_of, facts_of, plan_of
from billflow.conformance.given import Answer, Given
from billflow.conformance.reference import REFERENCE, SETTINGS, catalog_for
from billflow.conformance.results import time_text
from billflow.domain.catalog import Hosting, Role, checked_schedule
from billflow.domain.commands import ScheduleTierAtPlanEnd
from billflow.domain.customer import minimum_licenses
from billflow.domain.ledger import LicenseCount
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import Plan, Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, activate, start_plan
from billflow.domain.step import Facts, Step


def plan_parameters(given: Given) -> Answer:
    """Answer anchor, invoice date, first period and price of a plan as it starts."""
    schedule = checked_schedule(given.text("schedule"))
    waits = given.flag("starts_when_complimentary_plan_ends", default=False)
    plan = _scheduled(given, schedule) if waits else _started(given, schedule)
    return {
        "billing_cycle_anchor": time_text(plan.billing_cycle_anchor),
        "next_invoice_date": time_text(plan.next_invoice_date),
        "period_end": time_text(_period_end(given, plan)),
        "price_per_license_cents": plan.price_per_license,
    }


def _started(given: Given, schedule: Schedule) -> Plan:
    now, tier = given.moment("now"), given.text("tier")
    catalog = catalog_for(given)
    customer = customer_of(given.maybe_part("customer"), catalog.tier(tier).hosting)
    asked = StartPlan(
        tier=tier,
        schedule=schedule,
        trial_days=given.maybe_whole("free_trial_days") or 0,
        fixed_price=given.maybe_whole("fixed_price_cents"),
    )
    start = StartFacts(plan_id="plan", customer=customer, catalog=catalog, settings=SETTINGS)
    plan = start_plan(start, asked, now).plan
    if asked.trial_days:
        return plan
    facts = Facts(plan=plan, customer=customer, catalog=catalog, settings=SETTINGS)
    minimum = minimum_licenses(catalog.tier(tier), customer)
    return activate(replace(facts, paid_licenses=minimum), given.maybe_moment("requested_anchor") or now).plan


def _scheduled(given: Given, schedule: Schedule) -> Plan:
    now, starts = given.moment("now"), given.moment("requested_anchor")
    tier = REFERENCE.in_role(Role.COMPLIMENTARY, Hosting.SELF_HOSTED).code
    running = plan_of(Given({"price_per_license_cents": 0}), PlanDefaults(tier=tier, anchor=now))
    running = replace(running, next_invoice_date=starts, end_date=starts)
    facts = facts_of(given, Given({}), running, now)
    first = Step.begin(facts, now).append(now, LicenseCount(1, 1), renewal=True)
    asked = ScheduleTierAtPlanEnd(tier=given.text("tier"), schedule=schedule)
    return take_command(replace(facts, ledger=(first,)), asked, now).scheduled or running


def _period_end(given: Given, plan: Plan) -> datetime | None:
    if plan.status.in_trial:
        return plan.next_invoice_date
    hosting = catalog_for(given).tier(plan.tier).hosting
    facts = Facts(plan=plan, customer=customer_of(None, hosting), catalog=catalog_for(given), settings=SETTINGS)
    return Step.begin(facts, plan.billing_cycle_anchor).renewal_or_end(plan.billing_cycle_anchor)
