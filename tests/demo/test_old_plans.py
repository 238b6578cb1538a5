"""What the organizations of the migration have at the old system, and what each period must cost."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from billflow.demo.examples import DEFAULT, example_named
from billflow.demo.migration.move import MAP
from billflow.demo.migration.old_plans import (
    COUPONS,
    MOVED,
    OLD_PLANS,
    PRICES,
    OldPlan,
    licenses_at,
    old_plans,
    periods_of,
)
from billflow.demo.migration.two_years import events_of
from billflow.demo.seats_csv import Organization
from billflow.domain.errors import InvalidInput
from billflow.domain.seats import SeatObservation
from billflow.imports.price_map import read_price_map


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def seats(*seen: tuple[str, int]) -> Organization:
    observations = (SeatObservation(observed_at=day(at), members=members, guests=0) for at, members in seen)
    return Organization("anyio", tuple(observations))


def plan_of(price: str, starts: str = "2024-01-31", **terms: object) -> OldPlan:
    given: dict[str, object] = {"organization": "anyio", "price": price, "starts_at": day(starts), **terms}
    return OldPlan(**given)  # type: ignore[arg-type]  # what a test names is known to fit


def test_every_kind_of_plan_is_there() -> None:
    assert len({plan.organization for plan in OLD_PLANS}) == 16
    assert {plan.price for plan in OLD_PLANS} | {plan.becomes for plan in OLD_PLANS} - {None} == set(PRICES)
    assert {plan.coupon for plan in OLD_PLANS} - {None} == set(COUPONS)
    assert sum(bool(plan.counted) for plan in OLD_PLANS) == 5
    assert [plan.organization for plan in OLD_PLANS if plan.trial_days] == ["flexprice"]
    assert [plan.organization for plan in OLD_PLANS if plan.by_invoice] == ["dispatch"]


def test_the_seats_of_an_organization_that_is_missing_are_asked_for() -> None:
    with pytest.raises(InvalidInput, match=r"attrs, .*, temporal, temporal-sdk-python are missing"):
        old_plans([seats(("2024-01-01", 1))], None)


def test_licenses_are_the_seats_of_the_day_on_which_they_were_counted() -> None:
    seen = seats(("2024-01-01", 3), ("2024-02-10", 5), ("2024-03-10", 0))
    plan = plan_of("team_monthly", counted=(day("2024-02-15"), day("2024-05-15")))

    held = [licenses_at(plan, seen, day(at)) for at in ("2024-02-14", "2024-02-15", "2024-05-14", "2024-06-01")]
    assert held == [3, 5, 5, 1]
    assert licenses_at(plan_of("business_monthly"), seen, day("2024-06-01")) == 10


def test_periods_end_on_the_last_day_of_shorter_months_and_a_coupon_ends_with_its_months() -> None:
    plan = plan_of("team_monthly", starts="2026-01-31", coupon="WELCOME")

    found = list(periods_of(plan, seats(("2024-01-01", 3)), day("2028-07-01")))

    assert [(f"{one.start:%m-%d}", f"{one.end:%m-%d}") for one in found[:3]] == [
        ("01-31", "02-28"),
        ("02-28", "03-31"),
        ("03-31", "04-30"),
    ]
    assert [one.amount for one in found] == [*28 * [1050], 2100, 2100]
    assert all(one.end == other.start for one, other in pairwise(found))


def test_a_trial_costs_nothing_and_a_schedule_leads_to_the_other_price_after_the_move() -> None:
    trial = plan_of("team_monthly", starts="2025-12-20", trial_days=30)
    becoming = plan_of("team_monthly", starts="2025-11-17", becomes="team_annual")
    two = seats(("2024-01-01", 2))

    assert [(one.start, one.amount) for one in periods_of(trial, two, day("2026-02-01"))] == [(day("2026-01-19"), 1400)]
    assert [(one.start, one.end, one.amount) for one in periods_of(becoming, two, day("2026-06-01"))] == [
        (day("2025-11-17"), day("2025-12-17"), 1400),
        (day("2025-12-17"), day("2026-01-17"), 1400),
        (day("2026-01-17"), day("2027-01-17"), 14_000),
    ]


def test_what_happens_at_the_old_system_happens_before_the_move_and_in_order() -> None:
    by_invoice = plan_of("team_monthly", starts="2025-11-28", by_invoice=True)
    becoming = plan_of("team_monthly", starts="2025-11-17", becomes="team_annual")

    paid = [event.at for event in events_of((by_invoice, seats()), MOVED)]
    agreed = [event.at for event in events_of((becoming, seats()), MOVED)]

    assert paid == [day("2025-11-28"), day("2025-12-10")]
    assert agreed == [day("2025-11-17"), datetime(2026, 1, 2, 12, tzinfo=UTC)]


def test_the_price_map_is_one_that_the_import_takes() -> None:
    mapped = read_price_map(example_named(DEFAULT).folder / MAP)

    assert {code: one.tier for code, one in mapped.products.items()} == {
        "team": "cloud_standard",
        "business": "cloud_plus",
    }
