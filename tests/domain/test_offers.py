"""Terms that support prepares for one customer: which can be offered, accepted, and what they leave behind."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from billflow.domain.catalog import Hosting
from billflow.domain.errors import BillingError, InvalidInput, Refused
from billflow.domain.moments import LATEST
from billflow.domain.money import MAX_PRICE
from billflow.domain.offers import OfferTerms, agreed, check_accepted, check_offer
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, start_plan
from tests.domain.builders import DAY, START, a_customer, catalog, seats

INSTANT = timedelta(microseconds=1)
FIXED = OfferTerms(tier="cloud_enterprise", currency="USD", fixed_price=120_000, expires_at=START + DAY)
PER_LICENSE = OfferTerms(
    tier="cloud_plus",
    currency="USD",
    monthly_discounted_price=900,
    annual_discounted_price=9600,
    minimum_licenses=4,
    expires_at=START + DAY,
)


@pytest.mark.parametrize("field", ["fixed_price", "monthly_discounted_price", "annual_discounted_price"])
@pytest.mark.parametrize(("price", "fits"), [(0, False), (1, True), (MAX_PRICE, True), (MAX_PRICE + 1, False)])
def test_a_price_of_an_offer_lies_between_one_minor_unit_and_the_highest(field: str, price: int, fits: bool) -> None:
    prices: dict[str, Any] = {field: price}
    if fits:
        assert getattr(OfferTerms(tier="cloud_plus", currency="USD", **prices), field) == price
        return
    with pytest.raises(InvalidInput) as refusal:
        OfferTerms(tier="cloud_plus", currency="USD", **prices)

    assert refusal.value.field == field


@pytest.mark.parametrize(
    "prices",
    [
        {},
        {"fixed_price": 1, "annual_discounted_price": 1},
        {"fixed_price": 1, "monthly_discounted_price": 1},
    ],
)
def test_an_offer_names_a_fixed_price_or_prices_per_license_but_not_both(prices: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        OfferTerms(tier="cloud_plus", currency="USD", **prices)

    assert refusal.value.code == "offer_needs_one_kind_of_price"


def test_a_minimum_of_an_offer_is_a_number_of_licenses() -> None:
    with pytest.raises(InvalidInput) as refusal:
        replace(PER_LICENSE, minimum_licenses=0)

    assert (refusal.value.code, refusal.value.field) == ("licenses_out_of_range", "minimum_licenses")


def test_an_offer_is_over_from_the_moment_it_expires_on() -> None:
    ends = START + DAY

    assert [FIXED.is_over(moment) for moment in (ends - INSTANT, ends, ends + INSTANT)] == [False, True, True]
    assert not replace(FIXED, expires_at=None).is_over(ends)


@pytest.mark.parametrize("offer", [FIXED, PER_LICENSE])
def test_what_a_customer_could_accept_can_be_offered(offer: OfferTerms) -> None:
    check_offer(offer, catalog(), Hosting.CLOUD, START)


@pytest.mark.parametrize(
    ("offer", "code", "field"),
    [
        (replace(FIXED, tier="gold"), "unknown_tier", "tier"),
        (replace(FIXED, tier="self_hosted_basic"), "tier_not_for_deployment", "tier"),
        (replace(PER_LICENSE, tier="cloud_enterprise"), "unknown_tier", "tier"),
        (replace(PER_LICENSE, currency="JPY"), "unknown_currency", "currency"),
        (replace(FIXED, minimum_licenses=3), "invalid_input", "minimum_licenses"),
        (replace(FIXED, expires_at=START), "offer_expired", "expires_at"),
    ],
)
def test_what_no_customer_like_this_could_accept_is_not_offered(offer: OfferTerms, code: str, field: str) -> None:
    with pytest.raises(BillingError) as refusal:
        check_offer(offer, catalog(), Hosting.CLOUD, START)

    assert (refusal.value.code, refusal.value.field) == (code, field)


def test_what_is_never_billed_is_not_offered() -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_offer(replace(FIXED, tier="self_hosted_community"), catalog(), Hosting.SELF_HOSTED, START)

    assert (refusal.value.code, refusal.value.field) == ("not_a_paid_plan", "tier")
    assert refusal.value.message.endswith("is never billed; offer a tier that is.")


def test_an_offer_is_in_steps_of_its_currency_and_ends_before_the_last_moment_there_is() -> None:
    check_offer(replace(FIXED, currency="KWD"), catalog(), Hosting.CLOUD, START)
    with pytest.raises(InvalidInput) as uneven:
        check_offer(replace(FIXED, currency="KWD", fixed_price=1005), catalog(), Hosting.CLOUD, START)
    with pytest.raises(InvalidInput) as late:
        replace(FIXED, expires_at=LATEST)

    assert (uneven.value.code, uneven.value.field) == ("amount_not_chargeable", "fixed_price")
    assert (late.value.code, late.value.field) == ("bad_moment", "expires_at")


def test_an_offer_is_accepted_for_its_tier_until_it_expires() -> None:
    check_accepted(FIXED, "cloud_enterprise", START)
    for tier, moment, code in [
        ("cloud_plus", START, "offer_terms_differ"),
        ("cloud_enterprise", START + DAY, "offer_expired"),
    ]:
        with pytest.raises(Refused) as refusal:
            check_accepted(FIXED, tier, moment)

        assert refusal.value.code == code


def test_both_agreed_prices_and_the_minimum_become_the_customers_terms() -> None:
    before = a_customer(flat_discounted_months=7, minimum_licenses=2)

    terms = agreed(PER_LICENSE, before)

    assert terms.required_plan_tier == "cloud_plus"
    assert (terms.monthly_discounted_price, terms.annual_discounted_price) == (900, 9600)
    assert (terms.minimum_licenses, terms.flat_discounted_months) == (4, 0)


def test_a_price_that_was_not_offered_is_list_price_and_an_older_minimum_stays() -> None:
    monthly = replace(PER_LICENSE, annual_discounted_price=None, minimum_licenses=None)
    annual = replace(PER_LICENSE, monthly_discounted_price=None)
    before = a_customer(monthly_discounted_price=1, annual_discounted_price=1, minimum_licenses=2)

    assert agreed(monthly, before).discounted_price("cloud_plus", Schedule.ANNUAL) is None
    assert agreed(monthly, before).annual_discounted_price == 0
    assert agreed(annual, before).monthly_discounted_price == 0
    assert agreed(monthly, before).minimum_licenses == 2


def test_a_fixed_price_leaves_the_customers_terms_alone() -> None:
    before = a_customer(flat_discounted_months=7)

    assert agreed(FIXED, before) == before


def started(offer: OfferTerms, **asked: Any) -> StartPlan:
    return StartPlan(tier=offer.tier, schedule=Schedule.ANNUAL, offer_id="offer", **asked)


def starting(offer: OfferTerms) -> StartFacts:
    return StartFacts(
        plan_id="plan", customer=a_customer(), catalog=catalog(), last_observation=seats(START, 6), offer=offer
    )


@pytest.mark.parametrize("asked", [{}, {"fixed_price": 120_000}])
def test_a_plan_starts_at_the_offers_fixed_price(asked: dict[str, int]) -> None:
    outcome = start_plan(starting(FIXED), started(FIXED, **asked), START)

    assert (outcome.plan.fixed_price, outcome.plan.price_per_license) == (120_000, None)
    assert outcome.invoices[0].total == 120_000


def test_a_plan_starts_at_the_offers_price_per_license() -> None:
    outcome = start_plan(starting(PER_LICENSE), started(PER_LICENSE), START)

    assert (outcome.plan.price_per_license, outcome.plan.discount_percent) == (9600, "20")
    assert outcome.invoices[0].total == 6 * 9600


@pytest.mark.parametrize(
    ("asked", "moment", "code"),
    [
        ({"fixed_price": 119_999}, START, "offer_terms_differ"),
        ({}, START + DAY, "offer_expired"),
    ],
)
def test_a_plan_never_starts_at_other_terms_than_the_offers(asked: dict[str, int], moment: datetime, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        start_plan(starting(FIXED), started(FIXED, **asked), moment)

    assert refusal.value.code == code
