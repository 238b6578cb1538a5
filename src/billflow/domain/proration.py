"""What part of a cycle costs, as an exact fraction that explains itself."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from billflow.domain.calendar import Period
from billflow.domain.money import Rounding, rounded_quotient


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """How an amount came about: `(rounded(price * numerator / denominator) - less) * quantity`, in minor units.

    What is rounded is a multiple of `step`, which is 1 but for currencies that are not charged to the minor unit.
    Numerator and denominator are microseconds of the charged span and of the whole cycle, or months for a flat
    discount; both 1 for a full price. `less` is what one unit was billed before, or, below 0, what a discount would
    take beyond the charges. `note` names a discount or an instalment.
    """

    price: int
    quantity: int
    numerator: int = 1
    denominator: int = 1
    rounding: Rounding = Rounding.EXACT
    less: int = 0
    step: int = 1
    period: Period
    cycle: Period | None = None
    percent_off: str | None = None
    note: str | None = None

    @property
    def rounded_unit(self) -> int:
        """Return what one unit comes to after rounding, before anything is taken off."""
        return rounded_quotient(self.price * self.numerator, self.denominator, self.rounding, self.step)

    @property
    def unit_amount(self) -> int:
        """Return the amount of one unit."""
        return self.rounded_unit - self.less

    @property
    def amount(self) -> int:
        """Return the amount of the whole line."""
        return self.unit_amount * self.quantity


def prorated(  # noqa: PLR0913  (each is a number of the formula)
    price: int, quantity: int, *, charged: Period, cycle: Period, percent_off: str | None = None, step: int = 1
) -> Derivation:
    """Charge *price* for the share that *charged* has of *cycle*, rounded half up per unit, to *step* (rules 8.3).

    *charged* may end before the cycle does when the plan ends early; the denominator stays the whole cycle.
    """
    return Derivation(
        price=price,
        quantity=quantity,
        numerator=charged.microseconds,
        denominator=cycle.microseconds,
        rounding=Rounding.HALF_UP,
        step=step,
        period=charged,
        cycle=cycle,
        percent_off=percent_off,
    )


def unused_share(paid: int | Fraction, *, period: Period, at: datetime) -> Fraction:
    """Return the exact part of *paid* that the rest of *period* after *at* is worth (rules 12)."""
    rest = Period(min(max(at, period.start), period.end), period.end)
    return Fraction(paid * rest.microseconds, period.microseconds)
