"""A preview of a discount says what a license costs before and after it, what is billed next, and what ends when."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billflow.domain import commands as c
from billflow.domain.catalog import Hosting
from billflow.domain.coupons import CouponDuration
from billflow.domain.discounts import Discount, DiscountKind, Preview, discounts_of, preview_command, preview_terms
from billflow.domain.errors import InvalidInput, NeedsAttention
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan
from tests.domain.builders import START, a_customer, at
from tests.domain.invoicing.test_coupons import a_coupon, attached, months
from tests.domain.life import Life, life_of

DAY = timedelta(days=1)
NOW = START + DAY
MONTHLY = StartPlan(tier="cloud_standard", schedule=Schedule.MONTHLY)


def with_coupon(life: Life, **terms: Any) -> Preview:
    coupon = attached(a_coupon(**terms))
    return preview_terms(life.facts, replace(life.facts.customer, coupon=coupon), None, NOW)


def totals(found: Preview) -> tuple[int | None, int | None]:
    compared = found.comparison
    before, following = compared.next_invoice_before, compared.next_invoice_after
    return before.total if before else None, following.total if following else None


def prices(found: Preview) -> tuple[int | None, int | None]:
    return found.comparison.price_before, found.comparison.price_after


def test_a_coupon_shows_both_prices_both_invoices_and_when_it_ends() -> None:
    life = life_of("cloud_standard", MONTHLY, 10)

    found = with_coupon(life, percent="12.5", **months(3))

    assert prices(found) == (800, 700)
    assert totals(found) == (8000, 7000)
    assert found.comparison.discounts == (
        Discount(
            kind=DiscountKind.COUPON,
            name="Coupon SPRING25",
            off="12.5% off",
            months_left=3,
            ends_at=at("2024-05-31T10:00"),
        ),
    )
    assert found.outcome.invoices == ()


def test_what_is_foreseen_is_what_is_billed() -> None:
    life = life_of("cloud_standard", MONTHLY, 10)
    found = with_coupon(life, percent="12.5", **months(3))
    life.facts = replace(
        life.facts, customer=replace(life.facts.customer, coupon=attached(a_coupon("12.5", **months(3))))
    )

    life.backfill(START + 32 * DAY)

    assert life.invoices[-1] == found.comparison.next_invoice_after
    [discount] = found.comparison.discounts
    assert discount.ends_at is not None
    life.backfill(discount.ends_at)
    assert [invoice.total for invoice in life.invoices[1:]] == [7000, 7000, 7000, 8000]
    assert life.invoices[-1].at == discount.ends_at


@pytest.mark.parametrize(
    ("schedule", "terms", "ends"),
    [
        (Schedule.ANNUAL, months(3), "2026-01-31T10:00"),
        (Schedule.ANNUAL, months(13), "2027-01-31T10:00"),
        (Schedule.MONTHLY, {"duration": CouponDuration.ONCE}, "2024-03-31T10:00"),
        (Schedule.MONTHLY, {"duration": CouponDuration.FOREVER}, None),
    ],
)
def test_a_coupon_ends_with_the_first_cycle_that_has_none_of_its_months(
    schedule: Schedule, terms: dict[str, Any], ends: str | None
) -> None:
    life = life_of("cloud_standard", replace(MONTHLY, schedule=schedule), 10)

    [discount] = with_coupon(life, **terms).comparison.discounts

    assert discount.ends_at == (None if ends is None else at(ends))


def test_a_discount_that_outlasts_the_plan_has_no_end() -> None:
    life = life_of("cloud_standard", MONTHLY, 10)
    for end, ends in (("2024-03-30T10:00", None), ("2024-03-31T10:00", at("2024-03-31T10:00"))):
        life.facts = replace(life.facts, plan=replace(life.facts.plan, end_date=at(end)))
        [discount] = with_coupon(life, **months(1)).comparison.discounts
        assert discount.ends_at == ends


def test_only_what_is_hosted_by_oneself_has_a_flat_discount_and_a_coupon_names_all_its_amounts() -> None:
    two = attached(a_coupon(percent=None, amount_off={"USD": 500, "EUR": 450}))

    cloud = list(discounts_of(a_customer(flat_discounted_months=12, coupon=two)))

    assert [one.off for one in cloud] == ["USD 5 off or EUR 4.50 off"]
    assert list(discounts_of(a_customer(hosting=Hosting.SELF_HOSTED))) == []


def test_an_amount_lowers_the_invoice_and_leaves_the_price_of_a_license() -> None:
    found = with_coupon(life_of("cloud_standard", MONTHLY, 10), percent=None, amount_off={"USD": 500})

    assert (prices(found), totals(found)) == ((800, 800), (8000, 7500))
    assert found.comparison.discounts[0].off == "USD 5 off"


def test_a_coupon_for_another_tier_is_shown_as_waiting() -> None:
    found = with_coupon(life_of("cloud_standard", MONTHLY, 10), tiers=("cloud_plus",))

    assert (prices(found), totals(found)) == ((800, 800), (8000, 8000))
    assert (found.comparison.discounts[0].waiting, found.comparison.is_same) == (True, True)


def test_an_agreed_price_shows_both_prices_and_the_end_of_the_flat_discount() -> None:
    life = life_of("self_hosted_basic", replace(MONTHLY, tier="self_hosted_basic"), 10)
    command = c.ApplyDiscount(monthly_discounted_price=280, annual_discounted_price=0)
    before = preview_command(life.facts, None, NOW)

    found = preview_command(life.facts, command, NOW)

    assert [one.kind for one in before.comparison.discounts] == [DiscountKind.FLAT_DISCOUNT]
    assert (prices(found), totals(found)) == ((350, 280), (3500 - 2000, 2800))
    assert [(one.kind, one.off) for one in found.comparison.discounts] == [
        (DiscountKind.AGREED_PRICE, "USD 2.80 per license, 20% below list price")
    ]


def test_a_flat_discount_shows_the_next_invoice_and_when_its_months_are_over() -> None:
    life = life_of("self_hosted_basic", replace(MONTHLY, tier="self_hosted_basic"), 10)
    more = replace(life.facts.customer, flat_discount=3000, flat_discounted_months=2)

    found = preview_terms(life.facts, more, None, NOW)

    assert (prices(found), totals(found)) == ((350, 350), (1500, 500))
    assert found.comparison.discounts == (
        Discount(
            kind=DiscountKind.FLAT_DISCOUNT,
            name="flat discount",
            off="USD 30 a month",
            months_left=2,
            ends_at=at("2024-04-30T10:00"),
        ),
    )


def test_all_discounts_are_shown_in_the_order_in_which_they_stack() -> None:
    life = life_of("self_hosted_basic", replace(MONTHLY, tier="self_hosted_basic"), 10)
    terms = replace(
        life.facts.customer,
        required_plan_tier="self_hosted_basic",
        monthly_discounted_price=300,
        coupon=attached(a_coupon("10")),
    )
    command = c.ApplyDiscount(monthly_discounted_price=300, annual_discounted_price=0)

    found = preview_terms(life.facts, terms, None, NOW).comparison.discounts
    repriced = preview_terms(life.facts, terms, command, NOW)

    assert [(one.kind, one.name, one.off) for one in found] == [
        (DiscountKind.AGREED_PRICE, "agreed price", "USD 3 per license"),
        (DiscountKind.COUPON, "Coupon SPRING25", "10% off"),
        (DiscountKind.FLAT_DISCOUNT, "flat discount", "USD 20 a month"),
    ]
    assert (prices(repriced), totals(repriced)) == ((350, 270), (1500, 2700))


def test_a_coupon_that_is_used_up_is_shown_until_the_running_cycle_is_over() -> None:
    life = life_of("cloud_standard", MONTHLY, 10)
    life.facts = replace(
        life.facts, customer=replace(life.facts.customer, coupon=attached(a_coupon("50", **months(1))))
    )
    now = START + 32 * DAY
    life.backfill(now)

    [discount] = preview_command(life.facts, None, now).comparison.discounts

    assert (discount.kind, discount.name) == (DiscountKind.COUPON, "Coupon SPRING25")
    assert (discount.off, discount.months_left, discount.ends_at) == ("50% off", 0, at("2024-03-31T10:00"))


@pytest.mark.parametrize(("days", "ends"), [(1, "2024-03-01T10:00"), (14, "2024-03-14T10:00")])
def test_in_a_trial_the_months_are_those_after_it(days: int, ends: str) -> None:
    life = life_of("cloud_standard", replace(MONTHLY, trial_days=days), 10)

    [discount] = with_coupon(life, percent="20", **months(1)).comparison.discounts

    assert discount.ends_at == at(ends)


def test_a_customer_without_a_plan_sees_what_its_next_plan_will_have() -> None:
    terms = a_customer(
        hosting=Hosting.SELF_HOSTED,
        required_plan_tier="self_hosted_basic",
        monthly_discounted_price=300,
        annual_discounted_price=3000,
        flat_discounted_months=12,
        coupon=attached(a_coupon("10", **months(2))),
    )

    found = list(discounts_of(terms))

    assert [one.name for one in found] == ["agreed price", "agreed price", "Coupon SPRING25", "flat discount"]
    assert all(one.waiting for one in found)
    assert [(one.kind, one.off, one.months_left) for one in found] == [
        (DiscountKind.AGREED_PRICE, "USD 3 per license and month for self_hosted_basic", None),
        (DiscountKind.AGREED_PRICE, "USD 30 per license and year for self_hosted_basic", None),
        (DiscountKind.COUPON, "10% off", 2),
        (DiscountKind.FLAT_DISCOUNT, "USD 20 a month", 12),
    ]


def test_a_preview_first_closes_the_billing_dates_that_are_due_and_shows_their_invoices() -> None:
    life, now = life_of("cloud_standard", MONTHLY, 10), START + 100 * DAY
    coupon = attached(a_coupon("50", **months(2)))
    facts = replace(life.facts, customer=replace(life.facts.customer, coupon=coupon))

    for known in (now, START):
        found = preview_command(facts, c.SwitchToAnnual(), now, now=known)
        assert [(one.at, one.total) for one in found.due] == [
            (at("2024-02-29T10:00"), 4000),
            (at("2024-03-31T10:00"), 4000),
            (at("2024-04-30T10:00"), 8000),
        ]
        assert (prices(found), totals(found)) == ((800, 800), (8000, 80_000))
        assert found.outcome.at == now
        following = found.comparison.next_invoice_before
        assert following is not None
        assert following.at == at("2024-05-31T10:00")
    assert preview_command(facts, None, START + DAY, now=START).due == ()


def test_a_preview_looks_ten_years_ahead_and_no_further() -> None:
    facts = life_of("cloud_standard", MONTHLY, 10).facts

    with pytest.raises(InvalidInput) as refused:
        preview_command(facts, None, NOW + 3654 * DAY, now=NOW)

    assert (refused.value.code, refused.value.field) == ("moment_too_far", "at")


def test_a_plan_that_ends_with_nothing_left_to_bill_has_no_next_invoice() -> None:
    life = life_of("cloud_standard", MONTHLY, 10)

    found = preview_command(life.facts, c.DowngradeAtEndOfCycle(), NOW)

    assert totals(found) == (8000, None)


def test_a_preview_takes_the_seats_of_a_server_to_be_reported_in_time_from_now_on() -> None:
    life = life_of("self_hosted_basic", replace(MONTHLY, tier="self_hosted_basic"), 10)

    found = preview_command(life.facts, None, START + 40 * DAY, now=NOW)

    assert [(one.at, one.total) for one in found.due] == [(at("2024-02-29T10:00"), 1500)]
    with pytest.raises(NeedsAttention):
        preview_command(life.facts, None, START + 40 * DAY)
