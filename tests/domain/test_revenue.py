"""What a plan renews at per month."""

from dataclasses import asdict
from fractions import Fraction
from typing import Any

import pytest

from billflow.domain.plan import PlanStatus, Schedule
from billflow.domain.revenue import recurring_revenue
from billflow.domain.suspension_effects import effects_of


@pytest.mark.parametrize(
    ("schedule", "price", "fixed_price", "licenses", "monthly"),
    [
        (Schedule.MONTHLY, 800, None, 5, 4000),
        (Schedule.ANNUAL, 8000, None, 5, 3333),
        (Schedule.ANNUAL, 8000, None, 6, 4000),
        (Schedule.ANNUAL, 6, None, 1, 1),
        (Schedule.ANNUAL, 5, None, 1, 0),
        (Schedule.MONTHLY, 0, None, 5, 0),
        (Schedule.MONTHLY, None, 120_000, 40, 10_000),
        (Schedule.ANNUAL, None, 100_000, 40, 8333),
    ],
)
def test_a_plan_renews_at_its_share_of_a_year(
    schedule: Schedule, price: int | None, fixed_price: int | None, licenses: int, monthly: int
) -> None:
    revenue = recurring_revenue(
        PlanStatus.ACTIVE, schedule, price_per_license=price, fixed_price=fixed_price, licenses=licenses
    )

    assert revenue == monthly


@pytest.mark.parametrize(
    ("schedule", "fixed_price", "changes", "amount"),
    [
        (Schedule.MONTHLY, None, {"add_ons": 500}, 4500),
        (Schedule.ANNUAL, None, {"add_ons": 600}, 383),
        (Schedule.MONTHLY, None, {"off": 400}, 3600),
        (Schedule.ANNUAL, None, {"off": 1000}, 250),
        (Schedule.MONTHLY, None, {"net_share": Fraction(4, 5)}, 3200),
        (Schedule.MONTHLY, None, {"add_ons": 500, "off": 400, "net_share": Fraction(4, 5)}, 3280),
        (Schedule.MONTHLY, 120_000, {"add_ons": 500, "net_share": Fraction(4, 5)}, 8400),
        (Schedule.ANNUAL, 120_000, {"add_ons": 600}, 10_050),
        (Schedule.MONTHLY, None, {"months": 3}, 12_000),
        (Schedule.ANNUAL, None, {"months": 3, "add_ons": 600}, 1150),
        (Schedule.ANNUAL, 120_000, {"months": 12}, 120_000),
        (Schedule.MONTHLY, 120_000, {"off": 400}, 10_000),
    ],
)
def test_add_ons_come_on_top_a_coupon_is_taken_off_and_tax_that_a_price_contains_is_no_revenue(
    schedule: Schedule, fixed_price: int | None, changes: dict[str, Any], amount: int
) -> None:
    price = None if fixed_price else 800
    revenue = recurring_revenue(
        PlanStatus.ACTIVE, schedule, price_per_license=price, fixed_price=fixed_price, licenses=5, **changes
    )

    assert revenue == amount


@pytest.mark.parametrize("status", [status for status in PlanStatus if status.in_trial or not status.is_live])
def test_a_trial_and_a_plan_that_does_not_run_renew_at_nothing(status: PlanStatus) -> None:
    assert recurring_revenue(status, Schedule.MONTHLY, price_per_license=800, fixed_price=None, licenses=5) == 0


def test_only_an_active_customer_is_let_in() -> None:
    active, suspended = asdict(effects_of(active=True)), asdict(effects_of(active=False))

    assert {name for name, holds in active.items() if not holds} == {"sessions_time_out"}
    assert {name for name, holds in suspended.items() if holds} == {"sessions_time_out", "data_retained"}
