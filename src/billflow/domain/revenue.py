"""What a running plan is worth a month, or a whole cycle."""

from fractions import Fraction

from billflow.domain.money import Rounding, rounded
from billflow.domain.plan import PlanStatus, Schedule

_MONTHS_A_YEAR = 12
_ALL = Fraction(1)


def recurring_revenue(  # noqa: PLR0913  (each is a number of the formula)
    status: PlanStatus,
    schedule: Schedule,
    *,
    price_per_license: int | None,
    fixed_price: int | None,
    licenses: int,
    add_ons: int = 0,
    off: int = 0,
    net_share: Fraction = _ALL,
    months: int = 1,
) -> int:
    """Return what the plan renews at, for *months* in minor units, halves rounded up; 0 in a trial or after its end.

    *licenses* are those of the next renewal, *add_ons* what those of it cost for a cycle, *fixed_price* is a yearly
    one, *off* what a coupon takes off each cycle, *net_share* what of a price is no tax that it contains (rules 32).
    """
    if not status.is_live or status.in_trial:
        return 0
    for_cycle = add_ons if fixed_price is not None else (price_per_license or 0) * licenses - off + add_ons
    monthly = Fraction(fixed_price or 0, _MONTHS_A_YEAR) + Fraction(for_cycle, schedule.months)
    return rounded(monthly * months * net_share, Rounding.HALF_UP)
