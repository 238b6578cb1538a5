"""From seat observations to the ledger: in time order, whatever the batching; stale data waits."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Hosting
from billflow.domain.commands import Retry
from billflow.domain.plan import LicenseManagement, PlanStatus
from billflow.domain.seat_observations import StaleSeatData
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts
from tests.domain.life import Life

DUE = at("2024-02-29T10:00")

days_and_people = st.lists(
    st.tuples(st.integers(1, 100 * 86_400), st.integers(0, 30), st.integers(0, 30)),
    max_size=25,
    unique_by=lambda o: o[0],
)


def self_hosted(**changes: object) -> Facts:
    plan = replace(a_plan(tier="self_hosted_basic", price_per_license=350), **changes)  # type: ignore[arg-type]
    return some_facts(plan=plan, customer=a_customer(hosting=Hosting.SELF_HOSTED), ledger=(an_entry(1, START, 10),))


@given(seen=days_and_people, cuts=st.sets(st.integers(1, 100 * 86_400), max_size=8))
def test_the_ledger_is_the_same_in_any_batching(seen: list[tuple[int, int, int]], cuts: set[int]) -> None:
    observations = [seats(START + timedelta(seconds=s), members, guests) for s, members, guests in sorted(seen)]
    one_go, batched = Life(some_facts(), observations), Life(some_facts(), observations)
    for cut in sorted(cuts):
        batched.command(Retry(), START + timedelta(seconds=cut))

    one_go.command(Retry(), START + 101 * DAY)
    batched.command(Retry(), START + 101 * DAY)

    assert one_go.facts.ledger == batched.facts.ledger
    assert one_go.invoices == batched.invoices


def test_the_cycles_number_only_rises_and_the_next_one_follows() -> None:
    life = Life(some_facts(), [seats(START + day * DAY, count) for day, count in ((1, 23), (2, 20), (3, 21))])
    life.command(Retry(), START + 4 * DAY)

    assert [(e.licenses, e.licenses_at_next_renewal) for e in life.entries] == [(23, 23), (23, 20), (23, 21)]


def test_the_same_count_again_writes_nothing() -> None:
    life = Life(some_facts(), [seats(START + DAY, 10), seats(START + 2 * DAY, 10)])
    life.command(Retry(), START + 4 * DAY)

    assert life.entries == []
    assert life.facts.plan.seats_observed_through == START + 2 * DAY


def test_seats_at_the_very_billing_date_belong_to_the_new_cycle() -> None:
    life = Life(some_facts(), [seats(DUE, 12)])
    life.backfill(DUE)

    assert [(e.is_renewal, e.licenses) for e in life.entries] == [(True, 10), (False, 12)]


def test_a_late_observation_counts_from_the_newest_entry_on() -> None:
    facts = some_facts(ledger=(an_entry(1, START, 10), an_entry(2, START + 9 * DAY, 12, allocated=True)))
    life = Life(facts, [seats(START + 5 * DAY, 15)])
    life.command(Retry(), START + 10 * DAY)

    assert [(e.event_time, e.licenses) for e in life.entries] == [(START + 9 * DAY, 15)]


def test_manual_plans_ignore_the_seats() -> None:
    manual = some_facts(plan=a_plan(license_management=LicenseManagement.MANUAL))
    life = Life(manual, [seats(START + DAY, 99)])
    life.command(Retry(), START + 4 * DAY)

    assert life.entries == []
    assert life.facts.last_observation == seats(START + DAY, 99)


@pytest.mark.parametrize(
    ("reported", "already_notified", "notify"),
    [
        (DUE - timedelta(hours=23), False, False),
        (DUE - DAY, False, True),
        (DUE - DAY, True, False),
        (None, False, True),
    ],
)
def test_a_self_hosted_plan_waits_for_its_seats_and_says_so_once(
    reported: datetime | None, already_notified: bool, notify: bool
) -> None:
    seen = seats(reported, 10) if reported else None
    facts = replace(self_hosted(stale_data_notice_sent=already_notified), last_observation=seen)

    with pytest.raises(StaleSeatData) as waiting:
        process_billing_date(facts, DUE)

    assert waiting.value.notify is notify


def test_a_manual_self_hosted_plan_waits_as_well() -> None:
    with pytest.raises(StaleSeatData):
        process_billing_date(self_hosted(license_management=LicenseManagement.MANUAL), DUE)


def test_a_report_at_the_due_moment_is_fresh_and_allows_the_next_notice() -> None:
    facts = replace(self_hosted(stale_data_notice_sent=True), observations=(seats(DUE, 10),))

    outcome = process_billing_date(facts, DUE)

    assert outcome.invoices
    assert not outcome.plan.stale_data_notice_sent


def test_a_fixed_price_is_billed_without_fresh_seats_but_with_a_notice() -> None:
    facts = self_hosted(price_per_license=None, fixed_price=120_000)

    outcome = process_billing_date(facts, DUE)

    assert [line.amount for line in outcome.invoices[0].lines] == [10_000]
    assert "plan.seat_data_stale" in [event.type for event in outcome.events]


def test_complimentary_access_needs_no_seats() -> None:
    plan = a_plan(tier="self_hosted_complimentary", price_per_license=0, end_date=DUE)
    facts = replace(self_hosted(), plan=plan)

    assert process_billing_date(facts, DUE).plan.status is PlanStatus.ENDED
