"""The lines of coupons: each takes something off the line before it (rules 34.1)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from billflow.domain.coupons import AttachedCoupon, CouponUse, percent_text
from billflow.domain.currencies import CURRENCIES
from billflow.domain.invoicing.draft import NOT_DISCOUNTED, Line, LineKind
from billflow.domain.money import Rounding
from billflow.domain.proration import Derivation
from billflow.domain.step import Step

BEGINS = (LineKind.RENEWAL, LineKind.INITIAL_UPGRADE)
"""Lines that begin a cycle at a price per license."""

_FIXED = (LineKind.FIXED_PRICE_RENEWAL, LineKind.FIXED_PRICE_UPGRADE)
_HUNDREDTHS = 100
_WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class _Percent:
    """What is taken off everything in a cycle, from `since` on."""

    label: str | None
    percent: str | None
    since: datetime | None = None


def with_coupon(step: Step, lines: Sequence[Line]) -> tuple[list[Line], CouponUse | None]:
    """Return *lines*, each followed by what a coupon takes off it, and what they use of the customer's coupon.

    A line that begins a cycle uses up months, and notes for the cycle's additions what they are discounted by.
    """
    cycles = [_Percent(step.plan.cycle_coupon, step.plan.cycle_percent_off)]
    discounted, use = dict[int, Line](), None
    for n, line in enumerate(lines):
        if line.kind not in (*BEGINS, *_FIXED):
            continue
        attached = step.customer.coupon
        applies = attached is not None and line.amount > 0 and attached.discounts(step.plan)
        if attached and applies:
            discounted[n], use = _cycle_line(attached, step, line), _use(use, attached, step)
            step.customer = replace(step.customer, coupon=attached.spent(attached.months_for(step.plan.schedule)))
        cycles.append(_percent_of(attached if applies else None, line))
        step.change(cycle_coupon=cycles[-1].label, cycle_percent_off=cycles[-1].percent)
    currency = step.plan.currency
    for n, line in enumerate(lines):
        is_prorated = line.derivation.cycle is not None and line.kind not in NOT_DISCOUNTED
        if is_prorated and (off := _on_addition(cycles, line, currency)):
            discounted[n] = off
    return [one for n, line in enumerate(lines) for one in (line, discounted.get(n)) if one], use


def _use(use: CouponUse | None, attached: AttachedCoupon, step: Step) -> CouponUse:
    months = attached.months_for(step.plan.schedule)
    return CouponUse(attached.redemption_id, months + (use.months if use else 0))


def _percent_of(attached: AttachedCoupon | None, line: Line) -> _Percent:
    coupon = attached.coupon if attached else None
    if coupon is None or coupon.percent_off is None:
        return _Percent(None, None, line.derivation.period.start)
    return _Percent(coupon.label, percent_text(coupon.percent_off), line.derivation.period.start)


def _cycle_line(attached: AttachedCoupon, step: Step, line: Line) -> Line:
    coupon, currency = attached.coupon, step.plan.currency
    note = _months(attached, attached.months_for(step.plan.schedule))
    if coupon.percent_off is not None:
        return percent_line(coupon.label, coupon.percent_off, line, currency, note)
    derivation = amount_off(coupon.amount_off[currency], line, currency, note)
    return Line(LineKind.COUPON, f"{coupon.label}: {coupon.off(currency)}", derivation)


def _months(attached: AttachedCoupon, used: int) -> str:
    """Return which months of the coupon the cycle uses up, for people."""
    months = attached.coupon.months
    if months is None or attached.months_left is None:
        return "for ever"
    if attached.coupon.duration_in_months is None:
        return "once"
    first = months - attached.months_left + 1
    last = first + used - 1
    return f"month {first} of {months}" if first == last else f"months {first} to {last} of {months}"


def _on_addition(cycles: Sequence[_Percent], line: Line, currency: str) -> Line | None:
    """Return what is taken off an addition, or a change of one, in whose cycle everything is discounted."""
    cycle = line.derivation.cycle
    running = [one for one in cycles if one.since is None or (cycle is not None and one.since <= cycle.start)][-1]
    if running.percent is None or running.label is None or not line.amount:
        return None
    return percent_line(running.label, Decimal(running.percent), line, currency, None)


def percent_line(label: str, percent: Decimal, line: Line, currency: str, note: str | None) -> Line:
    """Return the line that takes *percent* off *line*, rounded half up."""
    derivation = percent_off(int(percent * _HUNDREDTHS), line, currency, note)
    return Line(LineKind.COUPON, f"{label}: {percent_text(percent)}% off", derivation)


def anew(old: Derivation, line: Line, currency: str) -> Derivation:
    """Return what the coupon of *old* takes off *line*, in place of what it took off before (rules 34.3)."""
    if old.denominator == _WHOLE:
        return percent_off(old.numerator, line, currency, old.note)
    return amount_off(-old.price, line, currency, old.note)


def percent_off(hundredths: int, line: Line, currency: str, note: str | None) -> Derivation:
    """Return how much *hundredths* of a percent of *line* are, less than 0 where that is a charge."""
    return Derivation(
        price=-line.amount,
        quantity=1,
        numerator=hundredths,
        denominator=_WHOLE,
        rounding=Rounding.HALF_UP,
        step=CURRENCIES[currency].step,
        period=line.derivation.period,
        note=note,
    )


def amount_off(amount: int, line: Line, currency: str, note: str | None) -> Derivation:
    """Return *amount* off *line*, and no more than that is."""
    return Derivation(
        price=-amount,
        quantity=1,
        less=min(line.amount - amount, 0),
        step=CURRENCIES[currency].step,
        period=line.derivation.period,
        note=note,
    )
