"""Amounts cross to Stripe and back without losing a cent that can be charged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.money import DECIMALS
from billflow.payments.amounts import from_stripe, lines_to_stripe, to_stripe, units

AMOUNTS = st.integers(-(10**9), 10**9)
CURRENCIES = st.sampled_from(sorted(DECIMALS))


@pytest.mark.parametrize(
    ("currency", "ours", "stripes"),
    [
        ("USD", 1999, 1999),
        ("JPY", 500, 500),
        ("ISK", 5, 500),
        ("UGX", 3700, 370_000),
        ("MGA", 123_400, 1234),
        ("KWD", 5124, 5120),
        ("KWD", 5125, 5130),
        ("BHD", -5124, -5120),
    ],
)
def test_stripes_special_currencies(currency: str, ours: int, stripes: int) -> None:
    assert to_stripe(ours, currency) == stripes


@given(AMOUNTS, CURRENCIES)
def test_what_can_be_charged_comes_back_unchanged(amount: int, currency: str) -> None:
    charged = from_stripe(to_stripe(amount, currency), currency)

    assert to_stripe(charged, currency) == to_stripe(amount, currency)
    if DECIMALS[currency] < 3 and currency != "MGA":
        assert charged == amount


@given(st.lists(AMOUNTS, max_size=30), CURRENCIES)
def test_lines_add_up_to_the_charge_and_each_can_be_charged(amounts: list[int], currency: str) -> None:
    sent = lines_to_stripe(amounts, currency)

    assert sum(sent) == to_stripe(sum(amounts), currency)
    assert all(amount % units(currency).step == 0 for amount in sent)
    assert len(sent) == len(amounts)
