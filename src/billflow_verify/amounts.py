"""The arithmetic: one rounding per unit, in integers and fractions, as docs/rules.md of billflow says."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any

from billflow_verify.faults import ProofFault

STEPS = {**dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 10), "MGA": 100}
"""Currencies that are charged in larger steps than a minor unit."""

HUNDREDTHS_OF_PERCENT = 10_000


def step_of(currency: str) -> int:
    """Return the step of what a currency is charged in, in minor units."""
    return STEPS.get(currency, 1)


def rounded(value: Fraction, rounding: str, step: int) -> int:
    """Return *value* in whole minor units that are a multiple of *step*; halves and `up` go towards plus infinity.

    Raises `ProofFault` for an amount that should be exact and is not.
    """
    units = value / step
    if rounding == "half_up":
        return floor(units + Fraction(1, 2)) * step
    if rounding == "up":
        return ceil(units) * step
    if rounding == "down":
        return floor(units) * step
    if rounding == "exact" and units.denominator == 1:
        return units.numerator * step
    raise ProofFault(f"{value} minor units can't be charged by the rounding {rounding!r}.")


def unit_of(derivation: Mapping[str, Any]) -> int:
    """Return what one unit comes to after rounding, before anything is taken off."""
    share = Fraction(derivation["price"] * derivation["numerator"], derivation["denominator"])
    return rounded(share, derivation["rounding"], derivation["step"])


def moment(text: str) -> datetime:
    """Read a moment."""
    return datetime.fromisoformat(text).astimezone(UTC)


def microseconds(start: str, end: str) -> int:
    """Return how long a period is."""
    return (moment(end) - moment(start)) // timedelta(microseconds=1)


def shared_out(total: int, exact: Sequence[Fraction], step: int) -> Iterable[int]:
    """Return whole shares of *total* by the largest remainder, the first ones first where remainders are equal."""
    floors = [rounded(one, "down", step) for one in exact]
    left = (total - sum(floors)) // step
    by_remainder = sorted(range(len(exact)), key=lambda n: floors[n] - exact[n])
    return [floor + step * (n in by_remainder[:left]) for n, floor in enumerate(floors)]
