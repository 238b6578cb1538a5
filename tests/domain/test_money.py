"""Minor units: rounded in one place, written for people."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.currencies import (
    CURRENCIES,
    Currency,
    _currency,
    check_charge,
    checked_currency,
    decimal_amount,
    format_amount,
)
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.money import MAX_TOTAL, Rounding, checked_total, rounded


@pytest.mark.parametrize(
    ("value", "rounding", "expected"),
    [
        (Fraction(5, 2), Rounding.HALF_UP, 3),
        (Fraction(-5, 2), Rounding.HALF_UP, -2),
        (Fraction(249, 100), Rounding.HALF_UP, 2),
        (Fraction(201, 100), Rounding.UP, 3),
        (Fraction(-201, 100), Rounding.UP, -2),
        (Fraction(2), Rounding.UP, 2),
        (Fraction(7), Rounding.EXACT, 7),
    ],
)
def test_a_fraction_of_a_cent_goes_where_the_rule_says(value: Fraction, rounding: Rounding, expected: int) -> None:
    assert rounded(value, rounding) == expected


@pytest.mark.parametrize(
    ("value", "rounding", "step", "expected"),
    [
        (3, Rounding.HALF_UP, 2, 4),
        (25, Rounding.HALF_UP, 10, 30),
        (Fraction(249, 10), Rounding.HALF_UP, 10, 20),
        (21, Rounding.UP, 10, 30),
        (29, Rounding.DOWN, 10, 20),
        (30, Rounding.EXACT, 10, 30),
    ],
)
def test_an_amount_is_rounded_to_the_steps_of_its_currency(
    value: Fraction, rounding: Rounding, step: int, expected: int
) -> None:
    assert rounded(Fraction(value), rounding, step) == expected


def test_an_exact_amount_has_no_fraction() -> None:
    with pytest.raises(InvalidInput, match="not a whole amount"):
        rounded(Fraction(1, 3), Rounding.EXACT)


@given(numerator=st.integers(-(10**9), 10**9), denominator=st.integers(1, 366))
def test_down_and_up_leave_nothing_between_them_but_the_amount(numerator: int, denominator: int) -> None:
    value = Fraction(numerator, denominator)
    down, up = rounded(value, Rounding.DOWN), rounded(value, Rounding.UP)

    assert down <= value <= up
    assert up - down == (0 if value.denominator == 1 else 1)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (5814, "USD", "USD 58.14"),
        (48000, "USD", "USD 480"),
        (0, "USD", "USD 0"),
        (-2000, "USD", "USD -20"),
        (-2050, "USD", "USD -20.50"),
        (-5, "EUR", "EUR -0.05"),
        (5, "EUR", "EUR 0.05"),
        (1234567, "JPY", "JPY 1,234,567"),
        (1500, "KWD", "KWD 1.500"),
    ],
)
def test_amounts_are_written_with_the_decimals_of_their_currency(amount: int, currency: str, text: str) -> None:
    assert format_amount(amount, currency) == text


def test_currencies_are_known_by_their_code() -> None:
    assert checked_currency("eur") == "EUR"
    assert {CURRENCIES[code].decimals for code in ("USD", "JPY", "BHD")} == {2, 0, 3}
    with pytest.raises(InvalidInput, match="no ISO 4217 currency"):
        checked_currency("XYZ")


def test_a_total_fits_64_bits_or_is_refused() -> None:
    assert [checked_total(total) for total in (-MAX_TOTAL, MAX_TOTAL)] == [-MAX_TOTAL, MAX_TOTAL]
    for total in (-MAX_TOTAL - 1, MAX_TOTAL + 1):
        with pytest.raises(InvalidInput) as refusal:
            checked_total(total)

        assert refusal.value.code == "amount_too_large"


@pytest.mark.parametrize(
    ("code", "decimals", "factor", "step", "minimum", "maximum"),
    [
        ("USD", 2, Fraction(1), 1, 50, 99_999_999),
        ("ALL", 2, Fraction(1), 1, 1, 99_999_999),
        ("JPY", 0, Fraction(1), 1, 50, 9_999_999_999),
        ("KRW", 0, Fraction(1), 1, 1, 99_999_999),
        ("KWD", 3, Fraction(1), 10, 10, 99_999_990),
        ("ISK", 0, Fraction(100), 1, 1, 999_999),
        ("MGA", 2, Fraction(1, 100), 100, 100, 9_999_999_900),
        ("HUF", 2, Fraction(1), 1, 17_500, 999_999_999_900),
    ],
)
def test_what_can_be_charged_in_a_currency(  # noqa: PLR0917
    code: str, decimals: int, factor: Fraction, step: int, minimum: int, maximum: int
) -> None:
    known = Currency(code=code, decimals=decimals, stripe_factor=factor, step=step, minimum=minimum, maximum=maximum)

    assert _currency(code, decimals) == CURRENCIES[code] == known


def test_amounts_for_a_spreadsheet_have_all_decimals_of_their_currency() -> None:
    amounts = [(5814, "USD"), (48000, "USD"), (5, "EUR"), (0, "EUR"), (-5, "EUR"), (-123456, "EUR"), (1, "EUR")]

    assert [decimal_amount(*one) for one in amounts] == ["58.14", "480.00", "0.05", "0.00", "-0.05", "-1234.56", "0.01"]
    assert [decimal_amount(amount, "JPY") for amount in (-3, 0, 1, 1234)] == ["-3", "0", "1", "1234"]
    assert [decimal_amount(amount, "KWD") for amount in (1500, 7)] == ["1.500", "0.007"]


def test_one_charge_lies_between_the_least_and_the_most_of_its_currency() -> None:
    for amount in (0, 50, 99_999_999):
        check_charge(amount, "USD", by_card=True, purchase=True)
    check_charge(100_000_000, "USD", by_card=False, purchase=True)
    check_charge(49, "USD", by_card=True, purchase=False)
    for amount, code in ((1, "amount_under_minimum"), (49, "amount_under_minimum"), (10**8, "amount_over_maximum")):
        with pytest.raises(Refused) as refusal:
            check_charge(amount, "USD", by_card=True, purchase=True)
        assert refusal.value.code == code
