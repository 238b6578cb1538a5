"""Minor units, and the only places where a fraction of one is rounded; what a currency is, is in `currencies`."""

from enum import StrEnum
from fractions import Fraction

from billflow.domain.errors import InvalidInput

MAX_PRICE = 10**9
MAX_TOTAL = 2**63 - 1


class Rounding(StrEnum):
    """How a fraction of a minor unit becomes a whole one."""

    HALF_UP = "half_up"
    UP = "up"
    DOWN = "down"
    EXACT = "exact"


def rounded(value: Fraction, rounding: Rounding, step: int = 1) -> int:
    """Return *value* in whole minor units that are a multiple of *step*.

    Halves and `UP` go towards plus infinity, `DOWN` away from it (rules 3).
    """
    return rounded_quotient(value.numerator, value.denominator, rounding, step)


def rounded_quotient(numerator: int, denominator: int, rounding: Rounding, step: int = 1) -> int:
    """Return `rounded(numerator / denominator)` for a positive denominator, in integers only.

    Raises `InvalidInput` where the amount should be exact and is not.
    """
    if step > 1:
        return _whole_steps(numerator, denominator, rounding, step) * step
    if rounding is Rounding.HALF_UP:
        return (2 * numerator + denominator) // (2 * denominator)
    if rounding is Rounding.UP:
        return -(-numerator // denominator)
    if rounding is Rounding.DOWN:
        return numerator // denominator
    if numerator % denominator:
        raise InvalidInput(
            f"{numerator}/{denominator} minor units is not a whole amount; name one.", code="inexact_amount"
        )
    return numerator // denominator


def _whole_steps(numerator: int, denominator: int, rounding: Rounding, step: int) -> int:
    if rounding is Rounding.EXACT and numerator % (denominator * step):
        raise InvalidInput(
            f"{Fraction(numerator, denominator)} minor units can't be charged; "
            f"the currency is charged in steps of {step} minor units.",
            code="amount_not_chargeable",
        )
    return rounded_quotient(numerator, denominator * step, rounding)


def check_price(price: int | None, field: str, *, least: int = 0) -> None:
    """Refuse a price that is given, but lies outside *least* and the greatest; raises `InvalidInput`."""
    if price is not None and not least <= price <= MAX_PRICE:
        raise InvalidInput(f"{field} must lie between {least} and {MAX_PRICE}.", field=field)


def checked_total(amount: int) -> int:
    """Return *amount*, or refuse one that does not fit 64 bits (rules 30)."""
    if not -MAX_TOTAL <= amount <= MAX_TOTAL:
        raise InvalidInput("The invoice total does not fit 64 bits; bill fewer licenses.", code="amount_too_large")
    return amount
