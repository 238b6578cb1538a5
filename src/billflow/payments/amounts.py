"""Our minor units and Stripe's, which differ for a few currencies, and the step Stripe can charge in.

Source: Stripe's page on supported currencies; why we round here is decision 0032.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise

from billflow.domain.money import DECIMALS, Rounding, rounded

THREE_DECIMALS = 3


@dataclass(frozen=True, slots=True)
class CurrencyUnits:
    """How an amount is written for Stripe: our minor units times `factor`, in multiples of `step`."""

    factor: Fraction = Fraction(1)
    step: int = 1


_PLAIN = CurrencyUnits()
_IN_TENS = CurrencyUnits(step=10)
_SPECIAL = {
    # Without decimals in ISO 4217, but with two on Stripe's wire, which then must be zeros.
    "ISK": CurrencyUnits(factor=Fraction(100)),
    "UGX": CurrencyUnits(factor=Fraction(100)),
    # With two decimals in ISO 4217, but without any at Stripe.
    "MGA": CurrencyUnits(factor=Fraction(1, 100)),
}


def units(currency: str) -> CurrencyUnits:
    """Return how amounts of an ISO 4217 currency are written for Stripe."""
    if currency in _SPECIAL:
        return _SPECIAL[currency]
    return _IN_TENS if DECIMALS[currency] == THREE_DECIMALS else _PLAIN


def to_stripe(amount: int, currency: str) -> int:
    """Return our minor units as Stripe can charge them, rounded to the nearest chargeable step."""
    rule = units(currency)
    return rounded(amount * rule.factor / rule.step, Rounding.HALF_UP) * rule.step


def from_stripe(amount: int, currency: str) -> int:
    """Return an amount of Stripe's in our minor units."""
    return rounded(amount / units(currency).factor, Rounding.HALF_UP)


def lines_to_stripe(amounts: Sequence[int], currency: str) -> tuple[int, ...]:
    """Return the lines' amounts for Stripe, each chargeable, whose sum is `to_stripe` of our sum."""
    running = [to_stripe(total, currency) for total in accumulate(amounts, initial=0)]
    return tuple(after - before for before, after in pairwise(running))
