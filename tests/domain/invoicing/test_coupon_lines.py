"""The lines of a coupon one by one: which lines it discounts, what they are called, and what they use of it."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billflow.domain.calendar import Period
from billflow.domain.coupons import Coupon, CouponDuration, CouponUse
from billflow.domain.invoicing.coupons import with_coupon
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.money import Rounding
from billflow.domain.plan import Schedule
from billflow.domain.proration import Derivation, prorated
from billflow.domain.step import Step
from tests.domain.builders import START, a_customer, a_plan, at, some_facts
from tests.domain.invoicing.test_coupons import a_coupon, attached, months

FEBRUARY = Period(at("2024-01-31T10:00"), at("2024-02-29T10:00"))
MARCH = Period(FEBRUARY.end, at("2024-03-31T10:00"))


def a_renewal(amount: int = 8000, period: Period = FEBRUARY) -> Line:
    return Line(LineKind.RENEWAL, "Plan - renewal", Derivation(price=amount, quantity=1, period=period))


def an_addition(cycle: Period, price: int = 800) -> Line:
    half = Period(cycle.start + (cycle.end - cycle.start) / 2, cycle.end)
    return Line(LineKind.ADDITIONAL_LICENSES, "Additional license", prorated(price, 2, charged=half, cycle=cycle))


def a_step(coupon: Coupon, left: int | None = None, **plan: Any) -> Step:
    taken = attached(coupon)
    taken = replace(taken, months_left=left) if left else taken
    return Step.begin(some_facts(plan=a_plan(**plan), customer=a_customer(coupon=taken)), START)


@pytest.mark.parametrize(
    ("coupon", "left", "schedule", "shown", "used"),
    [
        (a_coupon("20"), None, Schedule.MONTHLY, ("20% off", "for ever"), 0),
        (a_coupon("20", duration=CouponDuration.ONCE), None, Schedule.MONTHLY, ("20% off", "once"), 1),
        (a_coupon("20", **months(13)), 13, Schedule.ANNUAL, ("20% off", "months 1 to 12 of 13"), 12),
        (a_coupon("20", **months(13)), 1, Schedule.ANNUAL, ("20% off", "month 13 of 13"), 1),
        (a_coupon(None, amount_off={"USD": 900}), None, Schedule.MONTHLY, ("USD 9 off", "for ever"), 0),
        (a_coupon(None, amount_off={"USD": 900}, **months(3)), 2, Schedule.MONTHLY, ("USD 9 off", "month 2 of 3"), 1),
    ],
)
def test_a_line_says_what_is_taken_off_and_in_which_of_the_months(
    coupon: Coupon, left: int | None, schedule: Schedule, shown: tuple[str, str], used: int
) -> None:
    [_, line], use = with_coupon(a_step(coupon, left, schedule=schedule), [a_renewal()])
    off, note = shown

    assert (line.kind, line.description) == (LineKind.COUPON, f"Coupon SPRING25: {off}")
    assert (line.amount, line.derivation.note) == (-900 if coupon.amount_off else -1600, note)
    assert use == CouponUse("redemption", used)


def test_several_cycles_of_one_invoice_use_a_month_each_and_additions_are_discounted_with_their_cycle() -> None:
    step = a_step(a_coupon("20", **months(2)), cycle_coupon="Coupon OLD", cycle_percent_off="50")
    april = Period(MARCH.end, at("2024-04-30T10:00"))
    before = Period(at("2023-12-31T10:00"), FEBRUARY.start)
    added = [an_addition(cycle) for cycle in (before, FEBRUARY, MARCH, april)]
    renewals = [a_renewal(period=cycle) for cycle in (FEBRUARY, MARCH, april)]

    lines, use = with_coupon(step, [*added[:1], *renewals, *added[1:]])

    assert [(line.description, line.amount) for line in lines if line.kind is LineKind.COUPON] == [
        ("Coupon OLD: 50% off", -400),
        ("Coupon SPRING25: 20% off", -1600),
        ("Coupon SPRING25: 20% off", -1600),
        ("Coupon SPRING25: 20% off", -160),
        ("Coupon SPRING25: 20% off", -160),
    ]
    assert use == CouponUse("redemption", 2)
    assert (step.customer.coupon, step.plan.cycle_coupon, step.plan.cycle_percent_off) == (None, None, None)


def test_what_costs_nothing_is_not_discounted_and_uses_no_month() -> None:
    for amount, used in ((0, None), (1, CouponUse("redemption", 1))):
        step = a_step(a_coupon("100", **months(2)))
        lines, use = with_coupon(step, [a_renewal(amount)])
        assert ([line.amount for line in lines], use) == ([0] if not amount else [1, -1], used)

    step = a_step(a_coupon(), cycle_coupon="Coupon OLD", cycle_percent_off="50")
    assert with_coupon(step, [an_addition(FEBRUARY, 0)]) == ([an_addition(FEBRUARY, 0)], None)


def test_what_is_taken_off_is_in_steps_of_the_currency() -> None:
    dinars = a_renewal(10_010)
    [_, percent], _ = with_coupon(a_step(a_coupon("12.5"), currency="KWD"), [dinars])
    [_, amount], _ = with_coupon(a_step(a_coupon(None, amount_off={"KWD": 500}), currency="KWD"), [dinars])

    assert (percent.amount, percent.derivation.step) == (-1250, 10)  # 12.5 % are 1,251.25
    assert percent.derivation.rounding is Rounding.HALF_UP
    assert (amount.amount, amount.derivation.step) == (-500, 10)
    assert Decimal(percent.derivation.numerator) / percent.derivation.denominator == Decimal("0.125")
