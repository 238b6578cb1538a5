"""What part of a cycle costs."""

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.calendar import Period
from billflow.domain.proration import prorated, unused_share
from tests.domain.builders import START, at, usd

YEAR = Period(at("2012-01-02T03:04:05"), at("2013-01-02T03:04:05"))
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("price", "added", "unit"),
    [
        ("80", "2012-04-11T03:04:05", "58.14"),
        ("80", "2012-02-02T03:04:05", "73.22"),
        ("80", "2013-01-02T03:04:04", "0"),
    ],
)
def test_a_license_costs_the_rest_of_its_cycle(price: str, added: str, unit: str) -> None:
    line = prorated(usd(price), 3, charged=Period(at(added), YEAR.end), cycle=YEAR)

    assert line.unit_amount == usd(unit)
    assert line.amount == 3 * usd(unit)


def test_the_whole_cycle_costs_the_price() -> None:
    assert prorated(801, 1, charged=YEAR, cycle=YEAR).amount == 801


@given(
    price=st.integers(0, 10**9),
    length=st.integers(2, 10**8),
    cuts=st.lists(st.integers(1, 10**8), max_size=6),
)
def test_charges_over_any_split_equal_the_whole_within_half_a_cent_each(
    price: int, length: int, cuts: list[int]
) -> None:
    cycle = Period(START, START + length * SECOND)
    places = sorted({0, length, *(cut % length for cut in cuts)})
    pieces = [
        prorated(price, 1, charged=Period(START + one * SECOND, START + two * SECOND), cycle=cycle).amount
        for one, two in pairwise(places)
    ]

    assert abs(sum(pieces) - price) <= Fraction(len(pieces), 2)


@given(paid=st.integers(0, 10**9), length=st.integers(1, 10**8), left=st.integers(-10, 2 * 10**8))
def test_what_is_used_and_what_is_unused_make_the_whole(paid: int, length: int, left: int) -> None:
    period, moment = Period(START, START + length * SECOND), START + left * SECOND
    unused = unused_share(paid, period=period, at=moment)
    used = Fraction(paid * min(max(left, 0), length), length)

    assert unused + used == paid
