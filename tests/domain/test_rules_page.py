"""The tables of docs/rules.md say what the code does."""

from pathlib import Path

import pytest

from billflow.domain.calendar import Period, add_months
from billflow.domain.invoicing.rules import instalment
from billflow.domain.plan import Schedule
from billflow.domain.proration import prorated, unused_share
from billflow.domain.settings import DEFAULT_SETTINGS
from tests.domain.builders import at, catalog

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
CURRENCIES = ["CHF", "EUR", "GBP", "USD"]


def table(first_column: str, second_column: str) -> list[list[str]]:
    """Return the rows of the one table that begins with these columns."""
    below = PAGE.split(f"| {first_column} | {second_column} |")
    assert len(below) == 2
    lines = below[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines]


def period(text: str) -> Period:
    start, _, end = text.partition(" to ")
    return Period(at(start), at(end))


def test_the_catalogue_is_the_one_that_is_sold() -> None:
    told = {
        tier: (annual, monthly, minimum, trial, upgrades)
        for tier, annual, monthly, minimum, trial, upgrades in table("tier", "annual")
    }

    assert list(told) == list(catalog().tiers)
    for code, tier in catalog().tiers.items():
        prices = [str(tier.prices.get("USD", {}).get(schedule, "")) for schedule in (Schedule.ANNUAL, Schedule.MONTHLY)]
        minimum = "below" if code == "self_hosted_basic" else str(tier.minimum_licenses)
        trial = "yes" if tier.trial_days else "no"
        assert told[code] == (*prices, minimum, trial, ", ".join(tier.upgrades_to))
        assert sorted(tier.prices) == (CURRENCIES if prices[0] else [])
        assert all(row == tier.prices["USD"] for row in tier.prices.values())


@pytest.mark.parametrize("row", table("anchor", "months"))
def test_months_are_counted_from_the_anchor(row: list[str]) -> None:
    anchor, months, dates = row
    counted = [add_months(at(anchor), int(months) * n).date().isoformat() for n in range(1, 5)]

    assert dates.split(", ") == counted


@pytest.mark.parametrize("row", table("price", "cycle"))
def test_additions_are_prorated(row: list[str]) -> None:
    price, cycle, added_at, until, unit = row
    charged = Period(at(added_at), at(until))

    assert prorated(int(price), 1, charged=charged, cycle=period(cycle)).unit_amount == int(unit)


@pytest.mark.parametrize("row", table("yearly price", "parts"))
def test_the_parts_of_a_fixed_price_add_up(row: list[str]) -> None:
    yearly, parts, total = row
    month = period("2026-01-01 to 2026-02-01")
    paid = [instalment(int(yearly), Schedule.MONTHLY, n, month, DEFAULT_SETTINGS).amount for n in range(12)]
    named = [part.split(" × ") for part in parts.split(", ")]

    assert paid == [int(amount) for count, amount in named for _ in range(int(count))]
    assert sum(paid) == int(total) == int(yearly)


def test_the_credit_of_the_example_is_the_one_that_is_granted() -> None:
    now, year = at("2026-07-02"), period("2026-01-01 to 2027-01-01")
    added = prorated(8000, 1, charged=period("2026-04-01 to 2027-01-01"), cycle=year)
    exact = unused_share(9 * 8000, period=year, at=now) + unused_share(added.amount, period=added.period, at=now)

    assert f"({9 * 8000} paid)" in PAGE
    assert f"({added.amount} paid)" in PAGE
    assert f"= up({float(exact):.2f}…) = {-(-exact // 1)}." in PAGE
