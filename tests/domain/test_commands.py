"""A malformed command names its field before anything is asked of a plan."""

from collections.abc import Callable
from datetime import datetime

import pytest

from billflow.domain import commands as c
from billflow.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: c.SetLicenses(licenses=0), "licenses"),
        (lambda: c.SetLicensesAtRenewal(licenses=1_000_001), "licenses"),
        (lambda: c.ExtendTrial(days=0), "days"),
        (lambda: c.ExtendTrial(days=731), "days"),
        (lambda: c.SetEndDate(end_date=datetime(2030, 1, 1)), "end_date"),  # noqa: DTZ001  the missing zone is the point
        (lambda: c.ScheduleTierAtPlanEnd(tier="cloud_plus", fixed_price=0), "fixed_price"),
        (lambda: c.ApplyDiscount(monthly_discounted_price=-1, annual_discounted_price=0), "monthly_discounted_price"),
        (
            lambda: c.ApplyDiscount(monthly_discounted_price=0, annual_discounted_price=10**10),
            "annual_discounted_price",
        ),
    ],
)
def test_a_malformed_command_names_its_field(make: Callable[[], c.PlanCommand], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()

    assert refusal.value.field == field


def test_a_trial_is_extended_by_a_day_or_by_two_years() -> None:
    assert [c.ExtendTrial(days=days).days for days in (1, c.MAX_TRIAL_DAYS)] == [1, 730]
