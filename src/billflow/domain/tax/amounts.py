"""The tax on an invoice: rounded once for each rate, and shared out among its lines (rules 37.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billflow.domain.calendar import Period
from billflow.domain.money import Rounding, rounded
from billflow.domain.proration import Derivation
from billflow.domain.tax.policy import TaxCategory, TaxRate, Treatment

_WHOLE = 1_000_000
"""A hundred percent, in ten-thousandths of a percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedTax:
    """What a tax line charges: the rate in percent as text, whose tax it is, and whether prices contain it."""

    category: TaxCategory
    name: str
    percent: str
    jurisdiction: str
    inclusive: bool = False
    exemption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxAmount:
    """One rate over an invoice: how it came about, and each line's share, in minor units; the shares add up to it."""

    applied: AppliedTax
    derivation: Derivation
    shares: tuple[int, ...]

    @property
    def tax(self) -> int:
        """Return the tax, in minor units, also where the prices contain it."""
        return self.derivation.rounded_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTotal:
    """What an invoice comes to at one rate: the net amount `base`, and the `tax` on it, in minor units."""

    applied: AppliedTax
    base: int
    tax: int


def taxes(treatment: Treatment, amounts: Sequence[int], period: Period, step: int) -> list[TaxAmount]:
    """Return the tax on lines of *amounts*, a row for each rate, rounded half up to the currency's *step*."""
    return [_tax(treatment, rate, amounts, period, step) for rate in treatment.rates]


def _tax(treatment: Treatment, rate: TaxRate, amounts: Sequence[int], period: Period, step: int) -> TaxAmount:
    share = _share(treatment, rate)
    whole = Derivation(
        price=sum(amounts),
        quantity=1,
        numerator=share[0],
        denominator=share[1],
        rounding=Rounding.HALF_UP,
        step=step,
        period=period,
    )
    tax = whole.rounded_unit
    derivation = _contained(whole) if treatment.inclusive else whole
    shares = tuple(shared_out(tax, [Fraction(amount * share[0], share[1]) for amount in amounts], step))
    return TaxAmount(applied=applied(treatment, rate), derivation=derivation, shares=shares)


def _contained(whole: Derivation) -> Derivation:
    """Return a tax that the prices contain: the line adds nothing to them."""
    return Derivation(
        price=whole.price,
        quantity=1,
        numerator=whole.numerator,
        denominator=whole.denominator,
        rounding=whole.rounding,
        less=whole.rounded_unit,
        step=whole.step,
        period=whole.period,
    )


def _share(treatment: Treatment, rate: TaxRate) -> tuple[int, int]:
    """Return which part of the prices the tax is: of net ones, or of ones that contain all the rates."""
    charged = 0 if treatment.category is not TaxCategory.STANDARD else _parts(rate)
    return charged, _WHOLE + sum(map(_parts, treatment.rates)) if treatment.inclusive else _WHOLE


def _parts(rate: TaxRate) -> int:
    return int(rate.percent * (_WHOLE // 100))


def applied(treatment: Treatment, rate: TaxRate) -> AppliedTax:
    """Return what is kept of a rate with an invoice."""
    charged = rate.percent if treatment.category is TaxCategory.STANDARD else Decimal(0)
    return AppliedTax(
        category=treatment.category,
        name=rate.name,
        percent=f"{charged:f}",
        jurisdiction=rate.jurisdiction,
        inclusive=treatment.inclusive,
        exemption=rate.exemption,
    )


def most_net(treatment: Treatment, most: int, step: int) -> int:
    """Return the most that lines may come to, so that they and the tax on them are at most *most*."""
    if treatment.inclusive:
        return most
    if treatment.by_stripe:
        # How much Stripe will add isn't known; no tax on sales takes half of the price.
        return most * 2 // 3 // step * step
    added = sum(_share(treatment, rate)[0] for rate in treatment.rates)
    # Each rate may be rounded up by half a step.
    spare = len(treatment.rates) * step if added else 0
    return (most * _WHOLE // (_WHOLE + added) - spare) // step * step


def net_share(treatment: Treatment) -> Fraction:
    """Return which part of a price is left without the tax that it contains."""
    if not treatment.inclusive or treatment.category is not TaxCategory.STANDARD:
        return Fraction(1)
    return Fraction(_WHOLE, _WHOLE + sum(map(_parts, treatment.rates)))


def shared_out(total: int, exact: Sequence[Fraction], step: int = 1) -> Iterable[int]:
    """Yield whole shares of *total* that add up to it, each within a step of its *exact* one: the largest remainder."""
    floors = [rounded(one, Rounding.DOWN, step) for one in exact]
    left = (total - sum(floors)) // step
    by_remainder = sorted(range(len(exact)), key=lambda n: floors[n] - exact[n])
    more = set(by_remainder[:left])
    return (floor + step if n in more else floor for n, floor in enumerate(floors))
