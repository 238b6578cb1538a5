"""What support may agree on with a customer, what a license then costs, and how many it has to hold."""

from dataclasses import replace

import pytest

from billflow.domain.catalog import Hosting
from billflow.domain.customer import (
    CustomerTerms,
    check_agreement,
    check_minimum,
    minimum_licenses,
    percent_off,
    price_per_license,
)
from billflow.domain.errors import BillingError, InvalidInput, Refused
from billflow.domain.plan import Schedule
from tests.domain.builders import a_customer, catalog

MONTHLY, ANNUAL = Schedule.MONTHLY, Schedule.ANNUAL


@pytest.mark.parametrize("minimum", [None, 5])
@pytest.mark.parametrize("discounted", [True, False])
def test_a_minimum_goes_with_a_discounted_price(minimum: int | None, discounted: bool) -> None:
    if minimum is None or discounted:
        check_minimum(minimum, discounted=discounted, has_paid_plan=False)
        return
    with pytest.raises(InvalidInput) as refusal:
        check_minimum(minimum, discounted=discounted, has_paid_plan=False)

    assert (refusal.value.code, refusal.value.field) == ("no_discounted_price", "minimum_licenses")


def test_a_minimum_does_not_change_while_a_plan_runs() -> None:
    with pytest.raises(Refused) as refusal:
        check_minimum(5, discounted=True, has_paid_plan=True)

    assert refusal.value.code == "plan_is_live"


@pytest.mark.parametrize(
    ("tier", "discounted", "code"),
    [
        (None, True, "no_required_tier"),
        ("self_hosted_basic", True, "tier_not_for_deployment"),
        ("self_hosted_basic", False, "tier_not_for_deployment"),
        ("gold", True, "unknown_tier"),
    ],
)
def test_a_price_that_could_never_count_is_not_agreed_on(tier: str | None, discounted: bool, code: str) -> None:
    with pytest.raises(BillingError) as refusal:
        check_agreement(catalog(), Hosting.CLOUD, tier, discounted=discounted)

    assert refusal.value.code == code
    assert refusal.value.field == "required_plan_tier"


def test_a_price_for_what_is_never_billed_is_not_agreed_on() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_agreement(catalog(), Hosting.SELF_HOSTED, "self_hosted_community", discounted=True)

    assert (refusal.value.code, refusal.value.field) == ("not_a_paid_plan", "required_plan_tier")
    assert str(refusal.value).endswith("name a tier that is.")


def test_a_price_for_a_tier_the_customer_can_buy_may_be_agreed_on() -> None:
    check_agreement(catalog(), Hosting.CLOUD, "cloud_plus", discounted=True)
    check_agreement(catalog(), Hosting.CLOUD, None, discounted=False)


AGREED = a_customer(required_plan_tier="cloud_plus", monthly_discounted_price=900, annual_discounted_price=9000)


@pytest.mark.parametrize(
    ("customer", "tier", "schedule", "amount", "off"),
    [
        (AGREED, "cloud_plus", MONTHLY, 900, "25"),
        (AGREED, "cloud_plus", ANNUAL, 9000, "25"),
        (AGREED, "cloud_standard", ANNUAL, 8000, None),
        (replace(AGREED, annual_discounted_price=0), "cloud_plus", ANNUAL, 12000, None),
        (None, "cloud_plus", MONTHLY, 1200, None),
    ],
)
def test_an_agreed_price_holds_for_its_tier_and_schedule_and_list_price_for_the_rest(
    customer: CustomerTerms | None, tier: str, schedule: Schedule, amount: int, off: str | None
) -> None:
    price = price_per_license(catalog(), tier, schedule, "USD", customer)

    assert (price.amount, price.percent_off) == (amount, off)


@pytest.mark.parametrize(
    ("listed", "agreed", "text"),
    [
        (800, 600, "25"),
        (800, 799, "0.13"),
        (800, 801, "-0.13"),
        (1200, 800, "33.33"),
        (1200, 400, "66.67"),
        (10000, 9995, "0.05"),
        (10001, 9501, "5.00"),
        (800, 1000, "-25"),
        (3, 4, "-33.33"),
        (1, 0, "100"),
        (800, 800, None),
        (0, 1, None),
        (-1, 1, None),
    ],
)
def test_a_discount_is_written_whole_or_with_two_decimals(listed: int, agreed: int, text: str | None) -> None:
    assert percent_off(listed, agreed) == text


def minimum(customer: CustomerTerms | None, tier: str = "self_hosted_basic", *, trial_by_invoice: bool = False) -> int:
    return minimum_licenses(catalog().tier(tier), customer, trial_by_invoice=trial_by_invoice)


NEW = a_customer(hosting=Hosting.SELF_HOSTED, flat_discounted_months=12)


@pytest.mark.parametrize(
    ("customer", "trial_by_invoice", "licenses"),
    [
        (None, False, 6),  # 2000 / 350, and one more
        (NEW, False, 6),
        (replace(NEW, flat_discounted_months=1), False, 6),
        (replace(NEW, flat_discount=1050), False, 4),
        (replace(NEW, flat_discount=1049), False, 3),
        (replace(NEW, flat_discount=0), False, 1),
        (replace(NEW, flat_discount=100_000), False, 10),
        (replace(NEW, flat_discounted_months=0), False, 1),
        (replace(NEW, flat_discounted_months=0), True, 6),
        (replace(NEW, flat_discount=100_000), True, 6),
        (replace(NEW, minimum_licenses=2), False, 2),
        (replace(NEW, minimum_licenses=40), True, 40),
        (replace(NEW, currency="EUR"), False, 6),
        (replace(NEW, currency="JPY"), False, 1),
    ],
)
def test_basic_asks_for_enough_licenses_to_be_worth_more_than_the_flat_discount(
    customer: CustomerTerms | None, trial_by_invoice: bool, licenses: int
) -> None:
    assert minimum(customer, trial_by_invoice=trial_by_invoice) == licenses


def test_other_tiers_have_the_minimum_of_the_catalogue_unless_the_customer_has_its_own() -> None:
    assert minimum(NEW, "self_hosted_business") == 25
    assert minimum(replace(NEW, minimum_licenses=3), "self_hosted_business") == 3
    assert minimum(None, "cloud_plus") == 10
    assert minimum(a_customer(), "cloud_standard") == 1


def test_months_of_discount_are_used_up_and_returned() -> None:
    assert NEW.with_months_spent(5).flat_discounted_months == 7
    assert NEW.with_months_spent(-5).flat_discounted_months == 17
    assert NEW.with_months_spent(0) is NEW


@pytest.mark.parametrize(("monthly", "licenses"), [(0, 6), (1, 6), (2, 3), (5, 2), (6, 1)])
def test_the_smallest_price_asks_for_the_most_licenses(monthly: int, licenses: int) -> None:
    tier = replace(catalog().tier("self_hosted_basic"), prices={"USD": {MONTHLY: monthly}})

    assert minimum_licenses(tier, replace(NEW, flat_discount=5)) == licenses
