"""What a coupon takes off an invoice, whose cycles it discounts, and what it leaves for the discounts after it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from billflow.domain import commands as c
from billflow.domain.catalog import Hosting
from billflow.domain.coupons import AttachedCoupon, Coupon, CouponDuration
from billflow.domain.invoicing.draft import InvoiceDraft, LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.plan import CollectionMethod, PlanStatus, Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, activate, start_plan
from billflow.domain.step import Facts
from tests.domain.builders import START, a_customer, catalog, seats
from tests.domain.life import Life, Reporting

DAY = timedelta(days=1)
STANDARD, BASIC = "cloud_standard", "self_hosted_basic"


def a_coupon(percent: str | None = "20", **terms: Any) -> Coupon:
    off = {"percent_off": Decimal(percent)} if percent else {}
    return Coupon(**{"code": "SPRING25", "duration": CouponDuration.FOREVER, **off, **terms})


def months(count: int) -> dict[str, Any]:
    return {"duration": CouponDuration.REPEATING, "duration_in_months": count}


def attached(coupon: Coupon) -> AttachedCoupon:
    return AttachedCoupon(redemption_id="redemption", coupon=coupon, months_left=coupon.months)


def life_with(
    coupon: Coupon, schedule: Schedule = Schedule.MONTHLY, *, tier: str = STANDARD, members: int = 10, **asked: Any
) -> Life:
    """Start a plan at START whose purchase names the coupon, and is paid at once."""
    sold, taken = catalog().tier(tier), attached(coupon)
    self_hosted = sold.hosting is Hosting.SELF_HOSTED
    customer = a_customer(hosting=sold.hosting, flat_discounted_months=12 if self_hosted else 0)
    facts = StartFacts(
        plan_id="plan",
        customer=customer,
        catalog=catalog(),
        coupon=taken,
        last_observation=seats(START, members),
    )
    started = start_plan(facts, StartPlan(tier=tier, schedule=schedule, coupon="spring25", **asked), START)
    known = Facts(plan=started.plan, customer=replace(customer, coupon=taken), catalog=catalog())
    life = Reporting(replace(known, last_observation=facts.last_observation))
    life.take(started)
    if started.plan.status is PlanStatus.NEVER_STARTED:
        life.take(activate(life.facts, START))
    return life


def amounts(invoice: InvoiceDraft) -> list[tuple[str, int]]:
    return [(line.kind.value, line.amount) for line in invoice.lines]


def coupons(life: Life) -> list[int]:
    lines = [line for invoice in life.invoices for line in invoice.lines]
    return [line.amount for line in lines if line.kind is LineKind.COUPON]


def test_a_coupon_for_months_discounts_cycles_while_months_are_left_with_all_that_is_added_to_them() -> None:
    life = life_with(a_coupon("12.5", **months(2)))
    life.observe(seats(START + 15 * DAY, 13))
    life.backfill(START + 100 * DAY)

    assert [amounts(invoice) for invoice in life.invoices] == [
        [("initial_upgrade", 8000), ("coupon", -1000)],
        [("renewal", 10400), ("coupon", -1300), ("additional_licenses", 1158), ("coupon", -145)],
        [("renewal", 10400)],
        [("renewal", 10400)],
    ]
    assert [invoice.coupon_use.months if invoice.coupon_use else None for invoice in life.invoices] == [
        1,
        1,
        None,
        None,
    ]
    assert life.facts.customer.coupon is None


def test_what_is_added_in_the_last_discounted_cycle_is_discounted_by_the_invoice_after_it() -> None:
    life = life_with(a_coupon("50", duration=CouponDuration.ONCE))
    life.observe(seats(START + 15 * DAY, 11))
    life.backfill(START + 31 * DAY)

    assert amounts(life.invoices[1]) == [("renewal", 8800), ("additional_licenses", 386), ("coupon", -193)]


@pytest.mark.parametrize(
    ("schedule", "count", "discounted"),
    [
        (Schedule.MONTHLY, 3, 3),
        (Schedule.QUARTERLY, 3, 1),
        (Schedule.QUARTERLY, 4, 2),
        (Schedule.ANNUAL, 3, 1),
        (Schedule.ANNUAL, 12, 1),
        (Schedule.ANNUAL, 13, 2),
    ],
)
def test_a_cycle_that_begins_while_months_are_left_is_discounted_whole(
    schedule: Schedule, count: int, discounted: int
) -> None:
    sold = catalog()
    tier = sold.tier(STANDARD)
    prices = {"USD": {**tier.prices["USD"], Schedule.QUARTERLY: 2400}}
    life = life_with(a_coupon("10", **months(count)), Schedule.MONTHLY)
    plan = replace(life.facts.plan, schedule=schedule, price_per_license=prices["USD"][schedule])
    whole = replace(
        life.facts, plan=plan, customer=replace(life.facts.customer, coupon=attached(a_coupon("10", **months(count))))
    )
    life.facts, life.invoices = whole, []
    life.backfill(START + 40 * 31 * DAY)

    assert coupons(life) == [-(plan.price_per_license or 0)] * discounted


def test_an_amount_is_taken_off_once_a_cycle_and_never_more_than_the_cycle() -> None:
    life = life_with(a_coupon(None, amount_off={"USD": 9000}))
    life.observe(seats(START + 15 * DAY, 12))
    life.backfill(START + 31 * DAY)

    first, second = life.invoices
    assert amounts(first) == [("initial_upgrade", 8000), ("coupon", -8000)]
    assert amounts(second) == [("renewal", 9600), ("coupon", -9000), ("additional_licenses", 772)]
    assert "USD 10 of it lapse" in explain(first.lines[1], "USD").sentence


def test_the_flat_discount_takes_of_what_the_coupon_left() -> None:
    life = life_with(a_coupon("50"), tier=BASIC, members=10)

    assert amounts(life.invoices[0]) == [("initial_upgrade", 3500), ("coupon", -1750), ("flat_discount", -1750)]
    assert life.invoices[0].total == 0


def test_a_coupon_takes_of_what_is_charged_at_an_agreed_price() -> None:
    life = life_with(a_coupon("20"))
    life.command(c.ApplyDiscount(monthly_discounted_price=500, annual_discounted_price=0), START + DAY)
    life.backfill(START + 31 * DAY)

    assert amounts(life.invoices[-1]) == [("renewal", 5000), ("coupon", -1000)]


def test_a_coupon_for_another_tier_waits_until_the_plan_has_it() -> None:
    life = life_with(a_coupon("20", **months(2)))
    waiting = attached(a_coupon("20", tiers=("cloud_plus",), **months(2)))
    life.facts = replace(life.facts, customer=replace(life.facts.customer, coupon=waiting))
    life.backfill(START + 62 * DAY)
    assert coupons(life) == [-1600]

    life.command(c.UpgradeTierNow(tier="cloud_plus"), START + 70 * DAY)

    assert amounts(life.invoices[-1]) == [("renewal", 12000), ("coupon", -2400)]
    assert life.facts.customer.coupon == replace(waiting, months_left=1)


def test_a_tier_change_credits_no_more_than_was_paid_after_the_coupon() -> None:
    plain, cheap = life_with(a_coupon("50", tiers=(STANDARD,))), life_with(a_coupon("50", tiers=(STANDARD,)))
    plain.facts = replace(plain.facts, charged=tuple(line for line in plain.facts.charged if line.amount > 0))
    for life in (plain, cheap):
        life.command(c.UpgradeTierNow(tier="cloud_plus"), START + 10 * DAY)

    assert plain.credits[0] == 2 * cheap.credits[0]


def test_a_credit_for_a_moved_end_date_is_lowered_by_what_the_coupon_took_off() -> None:
    life = life_with(a_coupon("20"), Schedule.ANNUAL)
    life.observe(seats(START + 2 * DAY, 11))
    life.backfill(START + 31 * DAY)
    life.command(c.SetEndDate(end_date=START + 40 * DAY), START + 32 * DAY)
    life.backfill(START + 60 * DAY)

    billed, last = amounts(life.invoices[1]), amounts(life.invoices[-1])
    assert billed[1][1] < 0 < last[1][1]
    paid = sum(amount for _, amount in billed)
    assert [kind for kind, _ in last] == ["end_date_change", "coupon", "credit_to_balance"]
    assert 0 < -sum(amount for _, amount in last[:2]) <= paid
    assert last[2][1] == -last[0][1] - last[1][1]


def test_a_trial_uses_no_month_and_its_first_cycle_is_discounted() -> None:
    life = life_with(a_coupon("20", **months(1)), trial_days=30)
    life.backfill(START + 29 * DAY)
    assert life.facts.customer.coupon == attached(a_coupon("20", **months(1)))

    life.backfill(START + 62 * DAY)

    assert [amounts(invoice) for invoice in life.invoices] == [
        [("initial_upgrade", 8000), ("coupon", -1600)],
        [("renewal", 8000)],
    ]


def test_a_trial_that_is_bought_again_with_other_licenses_keeps_its_discount() -> None:
    by_invoice: dict[str, Any] = {"collection_method": CollectionMethod.SEND_INVOICE, "licenses": 10}
    life = life_with(a_coupon("20", **months(1)), trial_days=30, **by_invoice)
    life.command(c.SetLicensesAtRenewal(licenses=15), START + DAY)
    life.command(c.SetLicensesAtRenewal(licenses=12), START + 2 * DAY)

    assert coupons(life) == [-1600, -2400, -1920]
    assert {invoice.coupon_use for invoice in life.invoices} == {life.invoices[0].coupon_use}
    assert life.facts.customer.coupon is None


def test_suspended_time_uses_no_month() -> None:
    life = life_with(a_coupon("20", **months(2)))
    life.suspend(START + DAY)
    life.resume(START + 100 * DAY)
    life.backfill(START + 140 * DAY)

    assert coupons(life) == [-1600, -1600]


def test_a_change_of_schedule_takes_the_coupon_along() -> None:
    life = life_with(a_coupon("20", **months(13)))
    life.command(c.SwitchToAnnual(), START + DAY)
    life.backfill(START + 500 * DAY)

    assert coupons(life) == [-1600, -16000]
    assert life.facts.customer.coupon is None


def test_a_fixed_price_has_no_discount() -> None:
    life = life_with(a_coupon("20"))
    fixed = replace(life.facts.plan, price_per_license=None, fixed_price=120_000, end_date=START + 400 * DAY)
    life.facts = replace(life.facts, plan=fixed)
    life.backfill(START + 31 * DAY)

    assert amounts(life.invoices[-1]) == [("fixed_price_renewal", 10000)]
    assert life.facts.plan.cycle_percent_off is None


def test_a_coupon_tells_its_percentage_its_base_its_rounding_and_its_months() -> None:
    life = life_with(a_coupon("12.5", name="Spring", **months(3)))
    life.observe(seats(START + 15 * DAY, 13))
    life.backfill(START + 31 * DAY)
    told = [explain(line, "USD").sentence for line in life.invoices[1].lines if line.kind is LineKind.COUPON]

    assert told[0].startswith("Spring (SPRING25): 12.5% off, from 2024-02-29 10:00 to 2024-03-31 10:00 UTC: ")
    assert told[0].endswith("12.5% of USD 104 off = USD -13 (month 2 of 3).")
    assert told[1].endswith("12.5% of USD 11.58 off, rounded half up = USD -1.45.")
