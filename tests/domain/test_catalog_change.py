"""What a new catalogue changes of a plan that runs: what counts from the next cycle on, and an announced price."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.catalog import Catalog, Tier
from billflow.domain.commands import SwitchToAnnual
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.preview import forecast
from billflow.domain.seat_rules import SeatCount, SeatRule
from tests.domain.builders import DAY, START, at, catalog, seats
from tests.domain.life import Life, life_of

MONTHLY = StartPlan(tier="", schedule=Schedule.MONTHLY)
TIER = "cloud_standard"


def sold_as(tier: Tier) -> Catalog:
    return Catalog({**catalog().tiers, tier.code: tier}, version=2)


def changed(life: Life, **terms: object) -> None:
    """Let a new version of the catalogue change the tier."""
    new = sold_as(replace(life.facts.catalog.tier(TIER), **terms))  # type: ignore[arg-type]
    life.facts = replace(life.facts, catalog=new, former_catalog=life.facts.catalog)


def totals(life: Life) -> list[int]:
    return [invoice.total for invoice in life.invoices]


def test_a_new_minimum_counts_from_the_next_cycle_on_and_bills_nothing_of_this_one() -> None:
    life = life_of(TIER, MONTHLY, 4)
    changed(life, minimum_licenses=10)
    foreseen = forecast(life.known(START + DAY), 2, now=START + DAY).invoices

    life.backfill(at("2026-05-01"))

    assert totals(life)[:2] == [4 * 800, 10 * 800]
    assert [one.total for one in foreseen] == [10 * 800, 10 * 800]
    assert life.facts.plan.catalog_version == 2


def test_who_takes_a_seat_changes_with_the_next_cycle_though_nobody_came_or_went() -> None:
    life = life_of(TIER, MONTHLY, 4)
    life.observe(seats(START + DAY, 4, 6))
    changed(life, seats=SeatRule(count=SeatCount.USERS))

    life.backfill(START + 32 * DAY)

    life.observe(seats(START + 40 * DAY, 4, 7))
    life.backfill(START + 62 * DAY)

    assert totals(life)[1:2] == [10 * 800]
    assert sorted(line.derivation.quantity for line in life.invoices[2].lines) == [1, 11]


def test_another_name_or_price_changes_no_license() -> None:
    life = life_of(TIER, MONTHLY, 4)
    changed(life, name="Standard", prices={"USD": {Schedule.MONTHLY: 5000, Schedule.ANNUAL: 50_000}})

    life.backfill(START + 32 * DAY)

    assert (totals(life), len(life.entries)) == ([4 * 800, 4 * 800], 2)
    assert life.invoices[-1].lines[0].description == "Standard - renewal"


def announced(life: Life, price: int, moment: timedelta) -> None:
    plan = replace(life.facts.plan, next_price=price, next_price_from=START + moment)
    life.facts = replace(life.facts, plan=plan)


def test_an_announced_price_begins_with_the_first_renewal_after_its_date_and_what_came_before_has_the_old_one() -> None:
    life = life_of(TIER, MONTHLY, 4)
    announced(life, 1000, 40 * DAY)
    life.observe(seats(START + 45 * DAY, 6))

    life.backfill(START + 95 * DAY)

    added = [line for invoice in life.invoices for line in invoice.lines if line.kind is LineKind.ADDITIONAL_LICENSES]
    renewals = [line.derivation.price for one in life.invoices for line in one.lines if line.kind is LineKind.RENEWAL]
    assert renewals == [800, 1000, 1000]
    assert [line.derivation.price for line in added] == [800]
    assert (life.facts.plan.price_per_license, life.facts.plan.next_price) == (1000, None)


def test_a_switch_before_its_date_takes_the_announced_price_away() -> None:
    life = life_of(TIER, MONTHLY, 4)
    announced(life, 1000, 300 * DAY)
    life.command(SwitchToAnnual(), START + DAY)

    life.backfill(START + 40 * DAY)

    assert (life.facts.plan.price_per_license, life.facts.plan.next_price) == (8000, None)


@given(
    schedule=st.sampled_from(Schedule),
    price=st.integers(50, 20_000),
    after=st.integers(0, 800),
    reports=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=8),
)
def test_each_cycle_has_one_price_whenever_a_change_was_announced(
    schedule: Schedule, price: int, after: int, reports: list[tuple[int, int]]
) -> None:
    life = life_of(TIER, replace(MONTHLY, schedule=schedule), 4)
    old = life.facts.plan.price_per_license
    announced(life, price, after * DAY)
    moment = START
    for gap, members in reports:
        moment += gap * DAY
        life.observe(seats(moment, members))
    life.backfill(START + 1500 * DAY)
    begins = next(
        line.derivation.period.start
        for invoice in life.invoices
        for line in invoice.lines
        if line.kind is LineKind.RENEWAL and line.derivation.period.start >= START + after * DAY
    )

    for invoice in life.invoices:
        for line in invoice.lines:
            assert line.derivation.price == (old if line.derivation.period.start < begins else price)
