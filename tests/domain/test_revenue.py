"""What a plan renews at per month."""

from dataclasses import asdict

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


@pytest.mark.parametrize("status", [status for status in PlanStatus if status.in_trial or not status.is_live])
def test_a_trial_and_a_plan_that_does_not_run_renew_at_nothing(status: PlanStatus) -> None:
    assert recurring_revenue(status, Schedule.MONTHLY, price_per_license=800, fixed_price=None, licenses=5) == 0


def test_only_an_active_customer_is_let_in() -> None:
    active, suspended = asdict(effects_of(active=True)), asdict(effects_of(active=False))

    assert {name for name, holds in active.items() if not holds} == {"sessions_time_out"}
    assert {name for name, holds in suspended.items() if holds} == {"sessions_time_out", "data_retained"}
