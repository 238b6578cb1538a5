"""Suspension stops charges, never the clock."""

from dataclasses import replace

import pytest

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Hosting
from billflow.domain.commands import DowngradeAtEndOfCycle, Retry, SetLicenses, SwitchToAnnual
from billflow.domain.errors import Refused
from billflow.domain.plan import LicenseManagement, PlanStatus, Schedule
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts, usd
from tests.domain.life import Life

DUE = at("2024-02-29T10:00")
SUSPENDED = START + 5 * DAY


def suspended(facts: Facts | None = None) -> Life:
    life = Life(facts or some_facts())
    life.suspend(SUSPENDED)
    return life


def test_billing_dates_pass_without_a_charge() -> None:
    life = suspended()
    life.backfill(at("2024-06-15"))

    assert life.invoices == []
    assert life.facts.plan.next_invoice_date == at("2024-06-30T10:00")
    assert life.facts.plan.status is PlanStatus.ACTIVE


def test_back_after_the_paid_period_a_new_one_starts_at_that_moment() -> None:
    life = suspended()
    life.resume(at("2024-05-07T08:00"))

    line = life.invoices[0].lines[0]
    assert (line.derivation.period.start, line.derivation.period.end) == (
        at("2024-05-07T08:00"),
        at("2024-06-07T08:00"),
    )
    assert life.facts.plan.billing_cycle_anchor == at("2024-05-07T08:00")


def test_back_within_the_paid_period_the_old_grid_goes_on() -> None:
    life = suspended()
    life.resume(START + 9 * DAY)
    life.backfill(DUE)

    assert life.facts.plan.billing_cycle_anchor == START
    assert [line.quantity for line in life.invoices[0].lines] == [10]


def test_who_joined_while_suspended_is_charged_from_the_return_on() -> None:
    life = suspended()
    life.observe(seats(START + 7 * DAY, 13))
    life.resume(START + 9 * DAY)

    assert [(e.event_time, e.licenses) for e in life.entries] == [(START + 9 * DAY, 13)]


def test_who_joined_before_the_suspension_is_charged_even_when_nobody_looked() -> None:
    early = seats(START + 2 * DAY, 12)
    facts = some_facts(customer=a_customer(suspended_since=SUSPENDED), observations=(early,))

    outcome = process_billing_date(facts, DUE)

    assert [(e.event_time, e.licenses) for e in outcome.entries] == [(START + 2 * DAY, 12)]
    assert outcome.invoices == ()


def test_a_billing_date_before_the_suspension_is_billed_though_it_is_closed_later() -> None:
    late = some_facts(customer=a_customer(suspended_since=DUE + DAY))

    assert process_billing_date(late, DUE).invoices


def test_a_scheduled_end_comes_while_suspended_and_forgives_what_is_open() -> None:
    life = Life(some_facts())
    life.observe(seats(START + 2 * DAY, 12))
    life.command(DowngradeAtEndOfCycle(), START + 3 * DAY)
    life.suspend(SUSPENDED)
    life.backfill(DUE)

    assert life.facts.plan.status is PlanStatus.ENDED
    assert life.invoices == []
    assert life.resume(DUE + DAY).invoices == ()


def test_a_switch_waits_for_the_return() -> None:
    life = Life(some_facts())
    life.command(SwitchToAnnual(), START + DAY)
    life.suspend(SUSPENDED)
    life.resume(at("2024-04-15"))

    assert life.facts.plan.schedule is Schedule.ANNUAL
    assert [invoice.total for invoice in life.invoices] == [10 * usd("80")]


def test_a_trial_is_over_on_its_day_and_the_first_period_starts_at_the_return() -> None:
    trial = a_plan(status=PlanStatus.FREE_TRIAL, next_invoice_date=DUE)
    life = suspended(some_facts(plan=trial, ledger=(an_entry(1, START, 10, allocated=False),)))
    life.backfill(at("2024-04-15"))
    assert life.invoices == []

    life.resume(at("2024-04-20"))

    assert [line.derivation.period.start for line in life.invoices[0].lines] == [at("2024-04-20")]
    assert life.invoices[0].total == 10 * usd("8")


def test_a_trial_still_running_at_the_return_goes_on() -> None:
    trial = a_plan(status=PlanStatus.FREE_TRIAL, next_invoice_date=DUE)
    life = suspended(some_facts(plan=trial, ledger=(an_entry(1, START, 10, allocated=False),)))
    life.resume(START + 9 * DAY)

    assert life.facts.plan.status is PlanStatus.FREE_TRIAL
    assert life.invoices == []


def test_a_hand_over_waits_and_the_new_plan_has_all_of_its_year() -> None:
    plan = a_plan(
        tier="self_hosted_complimentary",
        price_per_license=0,
        schedule=Schedule.ANNUAL,
        status=PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END,
        next_invoice_date=DUE,
        end_date=DUE,
    )
    follower = a_plan(
        id="next",
        tier="self_hosted_business",
        status=PlanStatus.NEVER_STARTED,
        price_per_license=None,
        fixed_price=120_000,
        billing_cycle_anchor=DUE,
        next_invoice_date=DUE,
        end_date=at("2025-02-28T10:00"),
    )
    customer = a_customer(hosting=Hosting.SELF_HOSTED)
    life = suspended(some_facts(plan=plan, next_plan=follower, customer=customer))
    life.backfill(at("2024-05-01"))
    assert life.facts.plan.status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END

    life.resume(at("2024-05-10"))

    assert (life.facts.plan.id, life.facts.plan.end_date) == ("next", at("2025-05-10"))
    assert life.facts.plan.billing_cycle_anchor == at("2024-05-10")


def test_nothing_can_be_bought_while_suspended() -> None:
    life = suspended(some_facts(plan=a_plan(license_management=LicenseManagement.MANUAL)))

    with pytest.raises(Refused) as refusal:
        life.command(SetLicenses(licenses=20), START + 6 * DAY)

    assert refusal.value.code == "customer_suspended"
    assert life.command(Retry(), START + 6 * DAY).invoices == ()


def test_a_free_plan_is_not_started_over() -> None:
    community = a_plan(tier="self_hosted_community", price_per_license=0, next_invoice_date=None)
    customer = a_customer(hosting=Hosting.SELF_HOSTED)
    life = suspended(some_facts(plan=community, customer=customer))
    life.resume(at("2025-05-10"))

    assert replace(life.facts.plan, seats_observed_through=START) == replace(community, seats_observed_through=START)
