"""What is sold is data, and bad data is named."""

from itertools import product

import pytest

from billflow.domain.catalog import Hosting, Role, catalog_from_toml, checked_schedule
from billflow.domain.customer import check_agreement, minimum_licenses, percent_off, price_per_license
from billflow.domain.errors import BillingError, InvalidInput, Refused
from billflow.domain.plan import Schedule
from tests.domain.builders import a_customer, catalog

UPGRADES = {
    ("cloud_standard", "cloud_plus"),
    ("self_hosted_complimentary", "self_hosted_basic"),
    ("self_hosted_complimentary", "self_hosted_business"),
    ("self_hosted_basic", "self_hosted_business"),
}


def test_all_eight_tiers_are_there() -> None:
    assert len(catalog().tiers) == 8


@pytest.mark.parametrize("currency", ["USD", "EUR", "GBP", "CHF"])
def test_every_priced_tier_has_a_price_in_four_currencies(currency: str) -> None:
    listed = {
        code: (tier.price(Schedule.ANNUAL, currency), tier.price(Schedule.MONTHLY, currency))
        for code, tier in catalog().tiers.items()
        if tier.prices
    }

    assert listed == {
        "cloud_standard": (8000, 800),
        "cloud_plus": (12000, 1200),
        "self_hosted_complimentary": (0, 0),
        "self_hosted_basic": (4200, 350),
        "self_hosted_business": (8000, 800),
    }


@pytest.mark.parametrize(("current", "wanted"), list(product(catalog().tiers, repeat=2)))
def test_only_the_upgrade_paths_lead_from_tier_to_tier(current: str, wanted: str) -> None:
    if (current, wanted) in UPGRADES:
        assert catalog().checked_upgrade(current, wanted).code == wanted
    else:
        with pytest.raises(Refused) as refusal:
            catalog().checked_upgrade(current, wanted)
        assert refusal.value.code == "invalid_tier_change"


def test_a_tier_without_prices_is_sold_by_offer_only() -> None:
    with pytest.raises(InvalidInput, match="fixed-price offer"):
        catalog().tier("cloud_enterprise").price(Schedule.ANNUAL, "USD")


def test_a_community_plan_costs_nothing() -> None:
    assert catalog().tier("self_hosted_community").price(Schedule.ANNUAL, "USD") == 0


def test_unknown_names_say_what_is_known() -> None:
    with pytest.raises(InvalidInput, match="the tiers are cloud_standard"):
        catalog().tier("gold")
    with pytest.raises(InvalidInput, match="use annual or monthly"):
        checked_schedule("weekly")
    with pytest.raises(InvalidInput, match="is not sold in JPY"):
        catalog().tier("cloud_plus").price(Schedule.ANNUAL, "JPY")


@pytest.mark.parametrize("price", [-1, 10**9 + 1])
def test_a_price_out_of_range_is_refused(price: int) -> None:
    text = f'[tier.a]\nname = "A"\nhosting = "cloud"\n[tier.a.prices]\nUSD = {{ annual = {price} }}'

    with pytest.raises(InvalidInput):
        catalog_from_toml(text)


def test_an_upgrade_to_a_tier_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidInput):
        catalog_from_toml('[tier.a]\nname = "A"\nhosting = "cloud"\nupgrades_to = ["b"]')


def test_a_role_is_that_of_one_tier_for_each_way_of_hosting() -> None:
    text = "".join(f'[tier.{code}]\nname = "A"\nhosting = "cloud"\nroles = ["default"]\n' for code in ("a", "b"))

    assert catalog().in_role(Role.SPONSORED, Hosting.CLOUD).code == "cloud_standard"
    assert catalog().in_role(Role.SPONSORED, Hosting.SELF_HOSTED).code == "self_hosted_community"
    with pytest.raises(InvalidInput, match="no complimentary tier for cloud"):
        catalog().in_role(Role.COMPLIMENTARY, Hosting.CLOUD)
    with pytest.raises(InvalidInput, match="Two tiers for cloud deployments are default"):
        catalog_from_toml(text)


@pytest.mark.parametrize(
    ("tier", "changes", "expected"),
    [
        ("cloud_plus", {}, 10),
        ("self_hosted_business", {"minimum_licenses": 5}, 5),
        ("self_hosted_basic", {"flat_discounted_months": 0}, 1),
        ("self_hosted_basic", {"flat_discounted_months": 3}, 6),
        ("self_hosted_basic", {"flat_discounted_months": 3, "flat_discount": 5000}, 10),
    ],
)
def test_the_fewest_licenses_of_a_tier(tier: str, changes: dict[str, int], expected: int) -> None:
    assert minimum_licenses(catalog().tier(tier), a_customer(**changes)) == expected


def test_a_trial_bought_by_invoice_counts_with_the_usual_discount() -> None:
    basic = catalog().tier("self_hosted_basic")

    assert minimum_licenses(basic, a_customer(), trial_by_invoice=True) == 6
    assert minimum_licenses(basic, None) == 6


def test_an_agreed_price_counts_for_its_tier_and_schedule_only() -> None:
    customer = a_customer(required_plan_tier="cloud_standard", annual_discounted_price=5500)
    annual = price_per_license(catalog(), "cloud_standard", Schedule.ANNUAL, "USD", customer)

    assert (annual.amount, annual.percent_off) == (5500, "31.25")
    assert price_per_license(catalog(), "cloud_standard", Schedule.MONTHLY, "USD", customer).amount == 800
    assert price_per_license(catalog(), "cloud_plus", Schedule.ANNUAL, "USD", customer).amount == 12000


@pytest.mark.parametrize(
    ("agreed", "text"), [(4000, "50"), (6857, "14.29"), (0, "100"), (7999, "0.01"), (8000, None), (9143, "-14.29")]
)
def test_a_discount_is_shown_with_the_decimals_it_needs(agreed: int, text: str | None) -> None:
    assert percent_off(8000, agreed) == text


def test_nothing_is_below_a_list_price_of_nothing() -> None:
    assert percent_off(0, 0) is None


@pytest.mark.parametrize(
    ("tier", "discounted", "code"),
    [
        (None, True, "no_required_tier"),
        ("self_hosted_community", False, "not_a_paid_plan"),
        ("cloud_standard", True, "tier_not_for_deployment"),
        ("gold", True, "unknown_tier"),
    ],
)
def test_prices_that_could_never_count_are_refused(tier: str | None, discounted: bool, code: str) -> None:
    with pytest.raises(BillingError) as refusal:
        check_agreement(catalog(), Hosting.SELF_HOSTED, tier, discounted=discounted)

    assert refusal.value.code == code


def test_prices_may_be_agreed_for_a_tier_or_not_at_all() -> None:
    check_agreement(catalog(), Hosting.SELF_HOSTED, None, discounted=False)
    check_agreement(catalog(), Hosting.SELF_HOSTED, "self_hosted_basic", discounted=True)
