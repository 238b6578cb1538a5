"""The end of a cycle: renewals, ends, switches and hand-overs, and the gate before them."""

from dataclasses import replace

import pytest

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Hosting
from billflow.domain.commands import (
    CancelScheduledChange,
    DowngradeAtEndOfCycle,
    EndNow,
    PlanCommand,
    ScheduleTierAtPlanEnd,
    SetLicensesAtRenewal,
    SwitchToMonthly,
)
from billflow.domain.cycle import next_billing_cycle
from billflow.domain.errors import NeedsAttention, Refused
from billflow.domain.ledger import Disposition
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus, Schedule
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts, Step
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts, usd
from tests.domain.life import Life

DUE = at("2024-02-29T10:00")


def manual(licenses: int, following: int, people: int, tier: str = "cloud_standard") -> Facts:
    plan = a_plan(tier=tier, license_management=LicenseManagement.MANUAL)
    return some_facts(
        plan=plan, ledger=(an_entry(1, START, licenses, following),), last_observation=seats(START, people)
    )


def scheduled(facts: Facts, status: PlanStatus) -> Facts:
    return replace(facts, plan=replace(facts.plan, status=status))


def test_a_cycle_renews_at_its_billing_date_with_the_licenses_agreed_for_it() -> None:
    outcome = process_billing_date(some_facts(ledger=(an_entry(1, START, 10, 7),)), DUE)

    assert [(e.event_time, e.licenses, e.is_renewal) for e in outcome.entries] == [(DUE, 7, True)]
    assert outcome.invoices[0].total == 7 * usd("8")
    assert outcome.plan.next_invoice_date == at("2024-03-31T10:00")


def test_an_annual_plan_is_visited_every_month_and_bills_what_was_added() -> None:
    plan = a_plan(schedule=Schedule.ANNUAL, price_per_license=8000)
    outcome = process_billing_date(some_facts(plan=plan, observations=(seats(START + 9 * DAY, 12),)), DUE)

    assert [(line.quantity, line.unit_amount) for line in outcome.invoices[0].lines] == [(2, 7803)]
    assert not any(entry.is_renewal for entry in outcome.entries)


def test_a_scheduled_downgrade_bills_the_last_additions_and_ends() -> None:
    facts = scheduled(some_facts(observations=(seats(DUE - 10 * DAY, 12),)), PlanStatus.DOWNGRADE_AT_END_OF_CYCLE)

    outcome = process_billing_date(facts, DUE)

    assert outcome.plan.status is PlanStatus.ENDED
    assert outcome.plan.next_invoice_date is None
    assert [line.quantity for line in outcome.invoices[0].lines] == [2]


def test_an_end_date_within_a_cycle_ends_it_and_shortens_what_is_added() -> None:
    ends = START + 20 * DAY
    facts = some_facts(plan=a_plan(end_date=ends), observations=(seats(START + 10 * DAY, 11),))

    outcome = process_billing_date(facts, ends)

    line = outcome.invoices[0].lines[0]
    assert outcome.plan.status is PlanStatus.ENDED
    assert (line.derivation.period.end, line.amount) == (ends, 276)


def test_a_switch_hands_over_at_the_billing_date_and_bills_both_plans_in_one_step() -> None:
    facts = scheduled(some_facts(observations=(seats(START + DAY, 14),)), PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE)

    outcome = process_billing_date(facts, DUE)

    assert outcome.plan.status is PlanStatus.ENDED
    assert outcome.successor is not None
    successor = outcome.successor
    assert (successor.plan.schedule, successor.plan.billing_cycle_anchor) == (Schedule.ANNUAL, DUE)
    assert [line.quantity for line in outcome.invoices[0].lines] == [4]
    assert successor.invoices[0].total == 14 * usd("80")


def test_a_switch_uses_the_price_agreed_for_the_other_schedule() -> None:
    customer = a_customer(required_plan_tier="cloud_standard", annual_discounted_price=6000)
    facts = scheduled(some_facts(customer=customer), PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE)

    outcome = process_billing_date(facts, DUE)

    assert outcome.successor is not None
    assert outcome.successor.plan.price_per_license == 6000


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (manual(10, 5, 8), "renewal_licenses_below_current_users"),
        (manual(10, 5, 3, "cloud_plus"), "renewal_licenses_below_plan_minimum"),
    ],
)
def test_a_renewal_with_too_few_licenses_waits(facts: Facts, code: str) -> None:
    with pytest.raises(NeedsAttention) as on_hold:
        process_billing_date(facts, DUE)

    assert on_hold.value.code == code


def test_a_renewal_on_hold_goes_on_once_its_licenses_are_raised() -> None:
    life = Life(manual(10, 5, 8))
    on_hold = take_command(life.known(DUE + 3 * DAY), SetLicensesAtRenewal(licenses=8), DUE + 3 * DAY)
    life.take(on_hold)
    life.backfill(DUE + 3 * DAY)

    assert life.invoices[0].at == DUE
    assert [line.quantity for line in life.invoices[0].lines] == [8]


def test_exempt_customers_and_self_hosted_plans_pass_the_gate() -> None:
    exempt = replace(manual(10, 4, 8), customer=a_customer(exempt_from_license_number_check=True))

    assert process_billing_date(exempt, DUE).entries[0].licenses == 4


def complimentary() -> Facts:
    plan = a_plan(
        tier="self_hosted_complimentary",
        schedule=Schedule.ANNUAL,
        price_per_license=0,
        next_invoice_date=DUE,
        end_date=DUE,
    )
    customer = a_customer(hosting=Hosting.SELF_HOSTED, flat_discounted_months=12)
    return some_facts(plan=plan, customer=customer, ledger=(an_entry(1, START, 11),), last_observation=seats(START, 11))


def test_complimentary_access_hands_over_to_the_plan_scheduled_for_its_end() -> None:
    life = Life(complimentary())
    life.command(ScheduleTierAtPlanEnd(tier="self_hosted_business"), START + DAY)
    life.observe(seats(DUE, 11))
    life.backfill(DUE)

    assert life.facts.plan.tier == "self_hosted_business"
    assert [invoice.total for invoice in life.invoices] == [usd("1760")]


def test_a_plan_scheduled_on_the_end_can_be_taken_back() -> None:
    life = Life(complimentary())
    life.command(ScheduleTierAtPlanEnd(tier="self_hosted_business"), START + DAY)
    outcome = life.command(CancelScheduledChange(), START + 2 * DAY)

    assert outcome.scheduled is not None
    assert outcome.scheduled.status is PlanStatus.ENDED
    assert life.facts.next_plan is None


def test_a_successor_that_is_missing_puts_the_plan_on_hold() -> None:
    facts = scheduled(complimentary(), PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END)
    fresh = replace(facts, observations=(seats(DUE, 11),))

    with pytest.raises(NeedsAttention) as on_hold:
        process_billing_date(fresh, DUE)

    assert on_hold.value.code == "successor_missing"


def test_a_fixed_price_is_followed_by_another_only_at_its_last_cycle_end() -> None:
    plan = a_plan(price_per_license=None, fixed_price=120_000, end_date=at("2025-01-31T10:00"))
    follow_up = ScheduleTierAtPlanEnd(tier="cloud_standard", fixed_price=240_000)

    with pytest.raises(Refused) as refusal:
        take_command(some_facts(plan=plan), follow_up, START + DAY)
    assert refusal.value.code == "no_end_date"

    last_month = replace(plan, next_invoice_date=at("2025-01-31T10:00"))
    renewed = an_entry(12, at("2024-12-31T10:00"), 10, is_renewal=True, allocated=True)
    outcome = take_command(some_facts(plan=last_month, ledger=(renewed,)), follow_up, at("2025-01-05"))

    assert outcome.scheduled is not None
    assert outcome.scheduled.fixed_price == 240_000
    assert outcome.scheduled.end_date == at("2026-01-31T10:00")


def test_twelve_instalments_add_up_to_the_yearly_price() -> None:
    plan = a_plan(price_per_license=None, fixed_price=100_000, end_date=at("2025-01-31T10:00"))
    life = Life(some_facts(plan=plan))
    life.backfill(at("2026-01-01"))

    instalments = [line.amount for invoice in life.invoices for line in invoice.lines]
    assert len(instalments) == 11
    assert sum(instalments) + 8334 == 100_000
    assert life.facts.plan.status is PlanStatus.ENDED


def test_the_review_of_a_fixed_price_is_asked_for_once_two_months_before_its_end() -> None:
    plan = a_plan(price_per_license=None, fixed_price=100_000, end_date=at("2025-01-31T10:00"))
    facts, reminded = some_facts(plan=plan), []
    life = Life(facts)
    while (due := life.facts.plan.due_at) is not None:
        outcome = life.take(process_billing_date(life.known(due), due))
        reminded += [due for event in outcome.events if event.type == "plan.fixed_price_review_due"]

    assert reminded == [at("2024-11-30T10:00")]


def test_a_downgrade_now_forgives_what_is_not_billed() -> None:
    outcome = take_command(some_facts(observations=(seats(START + DAY, 12),)), EndNow(), START + 2 * DAY)

    assert outcome.allocated == {2: Disposition.FORGIVEN}
    assert outcome.invoices == ()


def test_an_invoice_by_mail_is_due_in_fifteen_days() -> None:
    plan = a_plan(collection_method=CollectionMethod.SEND_INVOICE)

    assert process_billing_date(some_facts(plan=plan), DUE).invoices[0].terms.days_until_due == 15


@pytest.mark.parametrize("licenses", [0, 6])
def test_a_fixed_price_renews_and_follows_whatever_the_number_of_licenses(licenses: int) -> None:
    fixed = a_plan(tier="cloud_plus", price_per_license=None, fixed_price=120_000)
    running = some_facts(plan=fixed, ledger=(an_entry(1, START, licenses),))
    waiting = replace(fixed, id="next", status=PlanStatus.NEVER_STARTED, billing_cycle_anchor=DUE)
    ending = replace(fixed, status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, end_date=DUE)

    renewed = process_billing_date(running, DUE)
    followed = process_billing_date(replace(running, plan=ending, next_plan=waiting), DUE)

    assert renewed.invoices[0].total == 10_000
    assert followed.successor is not None
    assert followed.successor.invoices[0].total == 10_000


def test_the_reference_gates_fixed_prices_too() -> None:
    fixed = a_plan(tier="cloud_plus", price_per_license=None, fixed_price=120_000)
    facts = some_facts(plan=fixed, ledger=(an_entry(1, START, 6),), settings=BillingSettings(gate_fixed_prices=True))

    with pytest.raises(NeedsAttention):
        process_billing_date(facts, DUE)


def test_an_end_date_within_a_trial_ends_the_trial_then() -> None:
    plan = a_plan(status=PlanStatus.FREE_TRIAL, next_invoice_date=START + 60 * DAY, end_date=DUE)

    assert next_billing_cycle(Step.begin(some_facts(plan=plan), START)) == DUE


@pytest.mark.parametrize("command", [DowngradeAtEndOfCycle(), SwitchToMonthly()])
def test_nothing_is_scheduled_for_the_end_of_a_cycle_that_never_comes(command: PlanCommand) -> None:
    community = a_plan(
        tier="self_hosted_community", price_per_license=0, schedule=Schedule.ANNUAL, next_invoice_date=None
    )

    with pytest.raises(Refused) as refusal:
        take_command(some_facts(plan=community), command, START + DAY)

    assert refusal.value.code == "no_cycle_end"
