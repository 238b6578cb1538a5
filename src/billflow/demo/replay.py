"""Billing a customer once more on paper: the recorded steps, taken again by the pure domain alone."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from billflow.demo.scenario import PriceChange, Scenario
from billflow.domain import billing_dates, lifecycle, plan_start
from billflow.domain.catalog import Catalog
from billflow.domain.coupons import AttachedCoupon
from billflow.domain.customer import CustomerTerms
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.plan import PlanStatus
from billflow.domain.preview import invoices_of
from billflow.domain.projection import after
from billflow.domain.rule_change import Repricing, RuleChange
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.domain.step import Facts, Outcome
from billflow.models.contracts.base import Command
from billflow.models.contracts.records import StepRecord

_COMMAND: TypeAdapter[Any] = TypeAdapter(Command)


def replayed_invoices(
    scenario: Scenario,
    customer: CustomerTerms,
    catalog: Catalog,
    steps: Iterable[StepRecord],
    settings: BillingSettings = DEFAULT_SETTINGS,
) -> list[InvoiceDraft]:
    """Return every invoice that the recorded steps of a customer's plans, taken in order, must have made."""
    seen, change = scenario.organization.observations, scenario.price_change
    if change:
        catalog = change.before if scenario.starts_at < change.at else change.after.catalog()
    known = next((o for o in reversed(seen) if o.observed_at <= scenario.starts_at), None)
    start = plan_start.StartFacts(
        plan_id="replayed",
        customer=customer,
        catalog=catalog,
        coupon=_redeemed(scenario),
        last_observation=known,
        settings=settings,
    )
    started = plan_start.start_plan(start, scenario.start, scenario.starts_at)
    buyer = replace(customer, coupon=start.coupon)
    facts = after(Facts(plan=started.plan, customer=buyer, catalog=catalog, settings=settings), started)
    invoices = list(started.invoices)
    for step in steps:
        if change and facts.catalog is change.before and step.at > change.at:
            facts = _repriced(facts, change)
        fresh = tuple(o for o in seen if facts.plan.seats_observed_through < o.observed_at <= step.at)
        facts = replace(facts, observations=fresh)
        with suppress(Refused, InvalidInput):
            if outcome := step_again(facts, step):
                facts = after(facts, outcome)
                invoices += invoices_of(outcome)
    return invoices


def _redeemed(scenario: Scenario) -> AttachedCoupon | None:
    """Return what the customer has of the coupon that its purchase names."""
    coupon = scenario.coupon
    return AttachedCoupon(redemption_id="replayed", coupon=coupon, months_left=coupon.months) if coupon else None


def _repriced(facts: Facts, change: PriceChange) -> Facts:
    """Sell by the other catalogue, and announce its price to a plan that has the old one (rules 14.1)."""
    asked = change.asked
    repricing = Repricing(tier=asked.tier, starts_at=asked.starts_at, notice_days=asked.notice_days)
    return RuleChange(catalog=change.after.catalog(), repricing=repricing).applied_to(facts, change.at)


def step_again(facts: Facts, step: StepRecord) -> Outcome | None:
    """Take a recorded step on *facts*, None where it changes nothing; raises what a command is refused with."""
    if step.kind == "close_cycle":
        return billing_dates.process_billing_date(facts, step.at)
    if step.kind == "activate":
        return plan_start.activate(facts, step.at)
    if step.kind == "command" and facts.plan.status is not PlanStatus.ENDED:
        return lifecycle.take_command(facts, _COMMAND.validate_python(step.detail["command"]), step.at)
    return None
