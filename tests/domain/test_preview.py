"""Looking ahead: what is foreseen is what happens."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Hosting
from billflow.domain.commands import DowngradeAtEndOfCycle, SwitchToAnnual
from billflow.domain.errors import InvalidInput, NeedsAttention, PlanEnded
from billflow.domain.plan import LicenseManagement, PlanStatus, Schedule
from billflow.domain.preview import Forecast, billing_dates_until, forecast, newest_entries, preview
from billflow.domain.seat_observations import StaleSeatData
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts, usd
from tests.domain.life import Life

DUE = at("2024-02-29T10:00")


def test_a_preview_writes_nothing_and_tells_what_a_command_would_do() -> None:
    facts = some_facts()
    outcome = preview(facts, SwitchToAnnual(), START + DAY)

    assert outcome.plan.status is PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE
    assert facts == some_facts()


def test_a_preview_passes_every_billing_date_before_its_moment() -> None:
    ending = some_facts(plan=a_plan(status=PlanStatus.DOWNGRADE_AT_END_OF_CYCLE))

    with pytest.raises(PlanEnded):
        preview(ending, DowngradeAtEndOfCycle(), DUE + DAY)


def test_without_a_command_a_preview_tells_how_the_plan_stands() -> None:
    outcome = preview(some_facts(), None, at("2024-06-15"))

    assert outcome.plan.next_invoice_date == at("2024-06-30T10:00")


@given(
    seen=st.lists(st.tuples(st.integers(1, 90 * 86_400), st.integers(0, 40)), max_size=10, unique_by=lambda o: o[0]),
    days=st.integers(0, 100),
)
def test_the_passages_are_the_steps_that_are_taken(seen: list[tuple[int, int]], days: int) -> None:
    observations = [seats(START + second * (DAY / 86_400), people) for second, people in sorted(seen)]
    life = Life(some_facts(), observations)
    foreseen = [i for p in billing_dates_until(life.known(START + days * DAY), START + days * DAY) for i in p.invoices]
    life.backfill(START + days * DAY)

    assert foreseen == life.invoices


def test_a_forecast_tells_the_next_invoices() -> None:
    found = forecast(some_facts(observations=(seats(START + DAY, 12),)), 3)

    assert [(invoice.at, invoice.total) for invoice in found.invoices] == [
        (DUE, 12 * usd("8") + 2 * 772),
        (at("2024-03-31T10:00"), 12 * usd("8")),
        (at("2024-04-30T10:00"), 12 * usd("8")),
    ]
    assert found.on_hold is None


def test_a_forecast_of_an_annual_plan_looks_years_ahead() -> None:
    annual = some_facts(plan=a_plan(schedule=Schedule.ANNUAL, price_per_license=8000))

    assert [invoice.at.year for invoice in forecast(annual, 4).invoices] == [2025, 2026, 2027, 2028]


def test_a_forecast_ends_with_the_plan() -> None:
    ending = some_facts(plan=a_plan(status=PlanStatus.DOWNGRADE_AT_END_OF_CYCLE))

    assert forecast(ending, 12) == Forecast((), ends_at=DUE)


def test_a_forecast_follows_the_plan_that_takes_over() -> None:
    switching = some_facts(plan=a_plan(status=PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE))

    assert [invoice.total for invoice in forecast(switching, 2).invoices] == [10 * usd("80")] * 2


def test_a_forecast_stops_where_the_plan_would_go_on_hold() -> None:
    short = some_facts(plan=a_plan(license_management=LicenseManagement.MANUAL), ledger=(an_entry(1, START, 10, 5),))
    found = forecast(short, 3)

    assert found.invoices == ()
    assert isinstance(found.on_hold, NeedsAttention)


def test_a_self_hosted_server_is_taken_to_go_on_reporting_but_only_in_the_future() -> None:
    plan = a_plan(tier="self_hosted_basic", price_per_license=350)
    facts = some_facts(plan=plan, customer=a_customer(hosting=Hosting.SELF_HOSTED))

    assert len(forecast(facts, 3).invoices) == 3
    assert isinstance(forecast(facts, 3, now=DUE + DAY).on_hold, StaleSeatData)
    with pytest.raises(StaleSeatData):
        preview(facts, None, DUE)
    assert preview(facts, None, DUE, now=START).plan.next_invoice_date == at("2024-03-31T10:00")


def test_a_plan_that_is_never_visited_has_no_forecast() -> None:
    community = a_plan(tier="self_hosted_community", price_per_license=0, next_invoice_date=None)

    assert forecast(replace(some_facts(), plan=community), 3) == Forecast(())


def test_no_report_is_assumed_where_a_newer_one_is_known() -> None:
    known = (seats(DUE + DAY, 12), seats(DUE + 2 * DAY, 15))

    first, *_ = billing_dates_until(some_facts(observations=known), DUE, now=START)

    assert first.facts.observations == known


@pytest.mark.parametrize("count", [1, 120])
def test_a_forecast_has_as_many_invoices_as_were_asked_for(count: int) -> None:
    assert len(forecast(some_facts(), count).invoices) == count


def test_a_forecast_of_a_plan_that_is_not_charged_comes_to_an_end() -> None:
    assert forecast(some_facts(customer=a_customer(suspended_since=START)), 2).invoices == ()


@pytest.mark.parametrize("count", [0, -1, 121])
def test_a_forecast_has_a_sensible_length(count: int) -> None:
    with pytest.raises(InvalidInput, match="between 1 and 120"):
        forecast(some_facts(), count)


def test_a_forecast_looks_no_further_than_it_is_asked_to() -> None:
    ending = some_facts(plan=a_plan(end_date=at("2024-03-31T10:00")))

    one, two = forecast(ending, 1), forecast(ending, 2)

    assert (len(one.invoices), one.ends_at) == (1, None)
    assert (len(two.invoices), two.ends_at) == (1, at("2024-03-31T10:00"))


def test_the_newest_entries_of_a_step_are_those_of_the_licenses_and_of_each_add_on() -> None:
    held = an_entry(2, START, 3, add_on="storage", price=500)
    renewed = process_billing_date(replace(some_facts(), add_ons=(held,)), DUE)

    licenses, add_ons = newest_entries(renewed)

    assert licenses is not None
    assert (licenses.seq, licenses.add_on, licenses.licenses) == (3, None, 10)
    assert [(code, one.seq, one.licenses) for code, one in add_ons.items()] == [("storage", 4, 3)]
    assert newest_entries(preview(some_facts(), None, START)) == (None, {})


def test_a_preview_names_the_moment_that_is_too_far() -> None:
    with pytest.raises(InvalidInput) as refusal:
        preview(some_facts(), None, START + 4000 * DAY, now=START)

    assert (refusal.value.code, refusal.value.field) == ("moment_too_far", "at")
