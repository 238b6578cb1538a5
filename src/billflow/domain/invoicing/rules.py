"""The line rules: each turns one charge, or the invoice so far, into lines. Add a rule by adding it to `RULES`."""

from collections.abc import Callable, Iterable, Sequence

from billflow.domain.calendar import Period, steps_between
from billflow.domain.catalog import Hosting
from billflow.domain.coupons import CouponUse
from billflow.domain.currencies import CURRENCIES, format_amount
from billflow.domain.customer import CustomerTerms
from billflow.domain.invoicing.charges import Addition, Charge, Renewal
from billflow.domain.invoicing.coupons import BEGINS, with_coupon
from billflow.domain.invoicing.draft import NOT_DISCOUNTED, Line, LineKind
from billflow.domain.ledger import LedgerEntry
from billflow.domain.money import Rounding
from billflow.domain.plan import Plan, Schedule
from billflow.domain.proration import Derivation, prorated
from billflow.domain.settings import BillingSettings, InstalmentRounding
from billflow.domain.step import Step

LineRule = Callable[[Step, Charge], Line | None]


def fixed_price_renewal(step: Step, charge: Charge) -> Line | None:
    """Bill a fixed price: the year at once, or one of twelve instalments (rules 13)."""
    plan = step.plan
    if not isinstance(charge, Renewal) or plan.fixed_price is None:
        return None
    period = Period(charge.entry.event_time, step.cycle_end(charge.entry.event_time))
    leap, smallest = step.facts.settings.leap_february, CURRENCIES[plan.currency].step
    index = steps_between(plan.billing_cycle_anchor, 1, charge.entry.event_time, leap_february=leap)
    derivation = instalment(plan.fixed_price, plan.schedule, index, period, step.facts.settings, step=smallest)
    return Line(LineKind.FIXED_PRICE_RENEWAL, f"{step.tier.name} - renewal", derivation, (charge.entry.seq,))


def renewal(step: Step, charge: Charge) -> Line | None:
    """Bill a cycle in advance: licenses times the plan's price (rules 8.2).

    The first cycle after a trial is no renewal, but what buys the plan.
    """
    plan = step.plan
    if not isinstance(charge, Renewal) or plan.price_per_license is None:
        return None
    derivation = Derivation(
        price=plan.price_per_license,
        quantity=charge.entry.licenses,
        period=Period(charge.entry.event_time, step.cycle_end(charge.entry.event_time)),
        percent_off=plan.discount_percent,
        step=CURRENCIES[plan.currency].step,
    )
    if step.facts.plan.status.in_trial:
        return Line(LineKind.INITIAL_UPGRADE, step.tier.name, derivation, (charge.entry.seq,))
    return Line(LineKind.RENEWAL, f"{step.tier.name} - renewal", derivation, (charge.entry.seq,))


def additional_licenses(step: Step, charge: Charge) -> Line | None:
    """Bill licenses added within a cycle for the rest of it (rules 8.3 and 8.4)."""
    plan = step.plan
    if not isinstance(charge, Addition) or (price := _price_in(step, charge.renewal)) is None:
        return None
    added_at = charge.entries[0].event_time
    cycle = step.cycle_of(charge.renewal, added_at)
    ends = cycle.end if plan.end_date is None else min(cycle.end, plan.end_date)
    charged = Period(added_at, ends)
    derivation = prorated(
        price,
        charge.quantity,
        charged=charged,
        cycle=cycle,
        percent_off=plan.discount_percent,
        step=CURRENCIES[plan.currency].step,
    )
    description = f"Additional {step.tier.name} license"
    return Line(LineKind.ADDITIONAL_LICENSES, description, derivation, tuple([entry.seq for entry in charge.entries]))


def _price_in(step: Step, cycle: LedgerEntry) -> int | None:
    """Return what a license costs in the cycle that this renewal entry began; None at a fixed price."""
    if step.former_price and cycle.event_time < step.former_price[1]:
        return step.former_price[0]
    return step.plan.price_per_license


RULES: tuple[LineRule, ...] = (additional_licenses, renewal, fixed_price_renewal)
"""Asked in this order for each charge; the first line wins. An addition to a fixed price bills nothing."""


def discounted(step: Step, lines: Sequence[Line]) -> tuple[list[Line], CouponUse | None, int]:
    """Return *lines* with what is taken off them, the use they make of a coupon and of months of the flat discount.

    The step's terms have what is left of both. The flat discount takes of what a coupon left (rules 34.1).
    """
    with_coupons, coupon_use = with_coupon(step, lines)
    discount = flat_discount(step.plan, step.customer, with_coupons)
    if discount is None:
        return with_coupons, coupon_use, 0
    months = discount.derivation.numerator
    step.customer = step.customer.with_months_spent(months)
    return [*with_coupons, discount], coupon_use, months


def flat_discount(plan: Plan, customer: CustomerTerms, lines: Sequence[Line]) -> Line | None:
    """Take the agreed sum per month off an invoice that starts a cycle (rules 14).

    Only for self-hosted customers that pay per license and have months left.
    """
    months = flat_discount_months(plan.schedule, customer)
    if not months or customer.hosting is not Hosting.SELF_HOSTED:
        return None
    starts = next((line for line in lines if line.kind in BEGINS), None)
    if starts is None:
        return None
    period = starts.derivation.period
    return flat_discount_line(customer.flat_discount, months, period, plan.currency, at_most=discountable(lines))


def discountable(lines: Iterable[Line]) -> int:
    """Return what of the charges the flat discount may take: what coupons left of those for licenses.

    Credits, and what coupons lower these by, are no part of it (rules 34.1 and 35).
    """
    counting = (line for line in lines if line.kind not in NOT_DISCOUNTED)
    return sum(line.amount for line in counting if (line.amount > 0) is not (line.kind is LineKind.COUPON))


def flat_discount_line(discount: int, months: int, period: Period, currency: str, *, at_most: int) -> Line:
    """Return the line that takes *discount* off for each of *months*, but *at_most* what is charged (rules 14)."""
    derivation = Derivation(
        price=-discount,
        quantity=1,
        numerator=months,
        period=period,
        less=min(at_most - discount * months, 0),
        step=CURRENCIES[currency].step,
        note=f"{months} discounted months",
    )
    description = f"{format_amount(discount, currency)} per month new customer discount"
    return Line(LineKind.FLAT_DISCOUNT, description, derivation)


def flat_discount_months(schedule: Schedule, customer: CustomerTerms) -> int:
    """Return how many of the months that are left one invoice uses up."""
    return min(customer.flat_discounted_months, schedule.months)


def instalment(  # noqa: PLR0913  (each is a number of the formula)
    yearly: int, schedule: Schedule, index: int, period: Period, settings: BillingSettings, *, step: int = 1
) -> Derivation:
    """Return the *index*-th payment of a fixed price; twelve add up to the year exactly (rules 13).

    That is the largest remainder, larger first: as many are rounded up to the currency's *step* as the division leaves
    over.
    """
    if schedule is Schedule.ANNUAL:
        return Derivation(price=yearly, quantity=1, period=period, step=step, note="fixed price")
    number, rounding, note = index % 12, Rounding.UP, f"instalment {index % 12 + 1} of 12"
    if settings.instalment_rounding is InstalmentRounding.SPLIT:
        rounding = Rounding.UP if number < yearly // step % 12 else Rounding.DOWN
        note = f"{note}, which add up exactly"
    return Derivation(price=yearly, quantity=1, denominator=12, rounding=rounding, period=period, step=step, note=note)
