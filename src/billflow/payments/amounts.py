"""Our minor units and Stripe's, which differ for a few currencies (decision 0032)."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from billflow.domain.currencies import CURRENCIES
from billflow.domain.money import Rounding, rounded


def to_stripe(amount: int, currency: str) -> int:
    """Return our minor units as Stripe writes them.

    What billflow wrote since 0.3 is a multiple of the currency's step and stays what it is; what is older is rounded to
    the nearest step.
    """
    known = CURRENCIES[currency]
    return int(rounded(amount * known.stripe_factor, Rounding.HALF_UP, int(known.step * known.stripe_factor)))


def from_stripe(amount: int, currency: str) -> int:
    """Return an amount of Stripe's in our minor units."""
    return rounded(amount / CURRENCIES[currency].stripe_factor, Rounding.HALF_UP)


def lines_to_stripe(amounts: Sequence[int], currency: str) -> tuple[int, ...]:
    """Return the lines' amounts for Stripe, each chargeable, whose sum is `to_stripe` of our sum."""
    running = [to_stripe(total, currency) for total in accumulate(amounts, initial=0)]
    return tuple(after - before for before, after in pairwise(running))
