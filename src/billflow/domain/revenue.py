"""What a running plan is worth a month."""

from fractions import Fraction

from billflow.domain.money import Rounding, rounded
from billflow.domain.plan import PlanStatus, Schedule

_MONTHS_A_YEAR = 12
_ALL = Fraction(1)


def monthly_revenue(  # noqa: PLR0913  (each is a number of the formula)
    status: PlanStatus,
    schedule: Schedule,
    *,
    price_per_license: int | None,
    fixed_price: int | None,
    licenses: int,
    add_ons: int = 0,
    off: int = 0,
    net_share: Fraction = _ALL,
) -> int:
    """Return what the plan renews at, per month in minor units, halves rounded up; nothing in a trial or after its end.

    *licenses* are those of the next renewal, *add_ons* what those of it cost for a cycle, *fixed_price* is a yearly
    one, *off* what a coupon takes off each cycle, *net_share* what of a price is no tax that it contains.
    """
    if not status.is_live or status.in_trial:
        return 0
    beside = Fraction(add_ons, schedule.months)
    if fixed_price is not None:
        return rounded((Fraction(fixed_price, _MONTHS_A_YEAR) + beside) * net_share, Rounding.HALF_UP)
    by_license = Fraction((price_per_license or 0) * licenses - off, schedule.months)
    return rounded((by_license + beside) * net_share, Rounding.HALF_UP)
