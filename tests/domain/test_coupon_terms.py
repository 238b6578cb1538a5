"""The bounds of a coupon, who may redeem it until when, and what it takes off a cycle."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billflow.domain.coupons import (
    MAX_MONTHS,
    MAX_REDEMPTIONS,
    Coupon,
    CouponDuration,
    Redeemer,
    check_coupon,
    check_redeemable,
)
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.moments import LATEST
from billflow.domain.money import MAX_PRICE
from billflow.domain.plan import Schedule
from tests.domain.builders import START, a_plan, catalog
from tests.domain.invoicing.test_coupons import a_coupon, attached, months

INSTANT = timedelta(microseconds=1)
WHO = Redeemer(currency="USD", had_plan=False)


def amount(minor_units: int, currency: str = "USD") -> dict[str, Any]:
    return {"percent": None, "amount_off": {currency: minor_units}}


REFUSED: list[tuple[dict[str, Any], str, str | None]] = [
    ({"percent": "0"}, "percent_off", None),
    ({"percent": "100.01"}, "percent_off", None),
    ({"percent": "12.505"}, "percent_off", None),
    ({"percent": "NaN"}, "percent_off", None),
    ({"percent": "Infinity"}, "percent_off", None),
    ({"percent": None}, "percent_off", "coupon_needs_one_discount"),
    ({"percent": "20", "amount_off": {"USD": 100}}, "percent_off", "coupon_needs_one_discount"),
    (amount(0), "amount_off", None),
    (amount(MAX_PRICE + 1), "amount_off", None),
    (amount(5, "KWD"), "amount_off", "amount_not_chargeable"),
    (amount(100, "XYZ"), "amount_off", "unknown_currency"),
    (months(0), "duration_in_months", None),
    (months(MAX_MONTHS + 1), "duration_in_months", None),
    ({"duration": CouponDuration.REPEATING}, "duration_in_months", "duration_unclear"),
    ({"duration_in_months": 3}, "duration_in_months", "duration_unclear"),
    ({"max_redemptions": 0}, "max_redemptions", None),
    ({"max_redemptions": MAX_REDEMPTIONS + 1}, "max_redemptions", None),
    ({"expires_at": LATEST}, "expires_at", "bad_moment"),
    ({"code": "A"}, "code", None),
]
ALLOWED: list[dict[str, Any]] = [
    *({"percent": percent} for percent in ("0.01", "1", "12.5", "99.99", "100")),
    *(amount(minor_units) for minor_units in (1, MAX_PRICE)),
    amount(10, "KWD"),
    *(months(count) for count in (1, MAX_MONTHS)),
    *({"max_redemptions": most} for most in (1, MAX_REDEMPTIONS)),
    {"expires_at": LATEST - INSTANT},
]


def test_what_lies_beyond_the_bounds_is_refused_with_its_field() -> None:
    for terms, field, code in REFUSED:
        with pytest.raises(InvalidInput) as refused:
            a_coupon(**terms)
        assert refused.value.field == field, terms
        assert code in (None, refused.value.code), terms


def test_what_lies_just_within_the_bounds_is_a_coupon() -> None:
    for terms in ALLOWED:
        assert isinstance(a_coupon(**terms), Coupon)


def test_a_new_coupon_is_for_tiers_that_are_billed_and_ends_in_the_future() -> None:
    check_coupon(a_coupon(tiers=("cloud_standard",), expires_at=START + INSTANT), catalog(), START)
    for terms, field, code in (
        ({"tiers": ("self_hosted_community",)}, "tiers", "not_a_paid_plan"),
        ({"tiers": ("gold",)}, "tiers", "unknown_tier"),
        ({"expires_at": START}, "expires_at", "coupon_expired"),
    ):
        with pytest.raises(InvalidInput) as refused:
            check_coupon(a_coupon(**terms), catalog(), START)
        assert (refused.value.field, refused.value.code) == (field, code)
    with pytest.raises(InvalidInput, match="is never billed; name tiers that are"):
        check_coupon(a_coupon(tiers=("self_hosted_community",)), catalog(), START)


def test_a_coupon_is_redeemed_by_whom_it_is_for_while_it_lasts() -> None:
    two = a_coupon(tiers=("cloud_standard", "cloud_plus"))
    for coupon, who in (
        (a_coupon(expires_at=START + INSTANT), WHO),
        (a_coupon(max_redemptions=3, times_redeemed=2), WHO),
        (a_coupon(first_purchase_only=True), WHO),
        (a_coupon(), replace(WHO, had_plan=True)),
        (two, WHO),
        (two, replace(WHO, tier="cloud_plus")),
        (a_coupon(**amount(500)), WHO),
        (a_coupon(), replace(WHO, currency="EUR")),
    ):
        check_redeemable(coupon, who, START)
    for coupon, who, code, message in (
        (a_coupon(expires_at=START), WHO, "coupon_expired", "SPRING25 is over"),
        (a_coupon(archived_at=START), WHO, "coupon_expired", "SPRING25 is over"),
        (a_coupon(max_redemptions=3, times_redeemed=3), WHO, "coupon_used_up", "by 3 customers"),
        (a_coupon(), replace(WHO, has_coupon="OLD"), "coupon_attached", "the coupon OLD already"),
        (a_coupon(first_purchase_only=True), replace(WHO, had_plan=True), "coupon_first_purchase_only", "SPRING25"),
        (two, replace(WHO, tier="basic"), "coupon_other_tier", "SPRING25 is for cloud_standard and cloud_plus, not"),
        (a_coupon(), replace(WHO, fixed_price=True), "coupon_without_effect", "SPRING25 takes nothing off a fixed"),
        (
            a_coupon(percent=None, amount_off={"USD": 500, "EUR": 400}),
            replace(WHO, currency="GBP"),
            "coupon_other_currency",
            "SPRING25 is over EUR and USD, and the customer pays in GBP",
        ),
    ):
        with pytest.raises(Refused, match=message) as refused:
            check_redeemable(coupon, who, START)
        assert (refused.value.code, refused.value.field) == (code, "coupon")


def test_what_a_coupon_takes_off_a_cycle_is_rounded_as_on_the_invoice() -> None:
    fixed = a_plan(price_per_license=None, fixed_price=1000)
    for coupon, plan, cycle, off in (
        (a_coupon("12.5"), a_plan(), 1004, 125),  # 125.5, halves of what is taken off rounded towards the price
        (a_coupon("12.5"), a_plan(), 1005, 126),
        (a_coupon("12.5"), a_plan(currency="KWD"), 10_010, 1250),
        (a_coupon(**amount(500)), a_plan(), 8000, 500),
        (a_coupon(**amount(500)), a_plan(), 400, 400),
        (a_coupon(**amount(500)), a_plan(currency="EUR"), 8000, 0),
        (a_coupon("50", tiers=("cloud_plus",)), a_plan(), 8000, 0),
        (a_coupon("50"), fixed, 8000, 0),
    ):
        assert attached(coupon).off_cycle(cycle, plan) == off


def test_a_coupon_that_is_for_ever_uses_no_months_and_another_all_that_are_left() -> None:
    forever, three = attached(a_coupon()), attached(a_coupon(**months(3)))

    assert (forever.months_for(Schedule.ANNUAL), forever.spent(12)) == (0, forever)
    assert [three.months_for(schedule) for schedule in (Schedule.MONTHLY, Schedule.ANNUAL)] == [1, 3]
    assert (three.spent(0), three.spent(1), three.spent(3)) == (three, replace(three, months_left=2), None)
    assert forever.coupon.off("USD") == "20% off"
    assert a_coupon(percent=None, amount_off={"USD": 950}).off("USD") == "USD 9.50 off"
