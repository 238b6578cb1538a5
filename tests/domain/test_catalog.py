"""What is sold is data, and bad data is named."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from billflow.domain.catalog import AddOn, Catalog, Hosting, Role, checked_schedule
from billflow.domain.catalog_check import AddOnUse, check_add_ons_kept, check_catalog
from billflow.domain.customer import check_agreement, minimum_licenses, percent_off, price_per_license
from billflow.domain.errors import BillingError, InvalidInput, Refused
from billflow.domain.items import MAX_QUANTITY
from billflow.domain.money import MAX_PRICE
from billflow.domain.plan import Schedule
from billflow.models.contracts.catalog import (
    CATALOG_FILE,
    CLOUD_AND_SELF_HOSTED,
    PER_SEAT,
    catalog_from_toml,
    example_text,
)
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


def test_only_the_upgrade_paths_lead_from_tier_to_tier() -> None:
    sold = catalog()
    for current, wanted in product(sold.tiers, repeat=2):
        hosting = sold.tier(current).hosting or Hosting.CLOUD
        if (current, wanted) in UPGRADES:
            assert sold.checked_upgrade(current, wanted, hosting).code == wanted, current
        else:
            with pytest.raises(Refused) as refusal:
                sold.checked_upgrade(current, wanted, hosting)
            assert refusal.value.code == "invalid_tier_change", (current, wanted)


def test_a_tier_without_prices_is_sold_by_offer_only() -> None:
    with pytest.raises(InvalidInput, match="fixed-price offer"):
        catalog().tier("cloud_enterprise").price(Schedule.ANNUAL, "USD")


def test_a_community_plan_costs_nothing() -> None:
    assert catalog().tier("self_hosted_community").price(Schedule.ANNUAL, "USD") == 0


def test_unknown_names_say_what_is_known() -> None:
    with pytest.raises(InvalidInput, match="the tiers are cloud_standard"):
        catalog().tier("gold")
    with pytest.raises(InvalidInput, match="use annual or half_yearly or quarterly or monthly"):
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
    text = "".join(f'[tier.{code}]\nname = "A"\nhosting = "cloud"\nroles = ["default_trial"]\n' for code in ("a", "b"))

    assert catalog().in_role(Role.SPONSORED, Hosting.CLOUD).code == "cloud_standard"
    assert catalog().in_role(Role.COMMUNITY, Hosting.SELF_HOSTED).code == "self_hosted_community"
    with pytest.raises(InvalidInput, match="No tier for cloud deployments has the role complimentary"):
        catalog().in_role(Role.COMPLIMENTARY, Hosting.CLOUD)
    with pytest.raises(InvalidInput, match=r"tier\.b\.roles has default_trial, and so has a; for cloud"):
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


@pytest.mark.parametrize(
    ("rule", "members", "guests", "expected"),
    [
        ({"count": "members"}, 7, 100, 7),
        ({"count": "users"}, 7, 100, 107),
        ({"count": "members_and_free_guests"}, 7, 36, 8),
        ({"count": "members_and_free_guests", "guests_per_member": 3}, 7, 22, 8),
        ({"count": "weights", "guest_weight": 25}, 7, 5, 9),
        ({"count": "weights", "member_weight": 50, "guest_weight": 0}, 7, 100, 4),
        ({"count": "weights", "guest_weight": 33}, 0, 0, 0),
    ],
)
def test_a_tier_says_who_takes_a_seat(rule: dict[str, Any], members: int, guests: int, expected: int) -> None:
    sold = CATALOG_FILE.parse({"tier": {"a": {"name": "A", "seats": rule}}}).catalog()

    assert sold.tier("a").seat_rule.seats(members, guests) == expected


PLACED = [
    ("", "tier is missing; add it."),
    ("x =", "The catalogue is no TOML"),
    ("tier = 5", "tier must be an object."),
    ("[tier.a]", "tier.a.name is missing; add it."),
    ("[tier.A-b]\nname = 'A'", "tier.A-b is no code; use a to z"),
    ("[tier.a]\nname = ' '", "tier.a.name is empty"),
    ("weight = 1", "tier.a.weight is unknown here; leave it out."),
    ("hosting = 'moon'", "tier.a.hosting must be 'cloud' or 'self_hosted'."),
    ("minimum_licenses = '5'", "tier.a.minimum_licenses must be a whole number"),
    ("minimum_licenses = 0", "tier.a.minimum_licenses is 0; it must lie between 1 and 1,000,000."),
    ("minimum_licenses = 5\nmaximum_licenses = 4", "tier.a.maximum_licenses is 4, less than minimum_licenses"),
    ("trial_days = 14", "tier.a.prices is missing, but the tier has trial_days; name prices, or leave trial_days out."),
    ("trial_days = 731", "tier.a.trial_days is 731; it must lie between 0 and 730."),
    ("prices.USD = { monthly = -1 }", "tier.a.prices.USD.monthly is -1; a price lies between 0"),
    ("prices.USD = { monthly = 0 }", "tier.a.prices.USD.monthly is 0; name a price, or say `billable = false`"),
    ("prices.USD = {}", "tier.a.prices.USD has no price; name one"),
    ("prices.usd = { monthly = 800 }", "tier.a.prices.usd is no ISO 4217 currency"),
    ("prices.USD = { weekly = 800 }", "tier.a.prices.USD.weekly must be 'annual'"),
    ("prices.USD = { monthly = 8.5 }", "tier.a.prices.USD.monthly must be a whole number"),
    (
        "prices.KWD = { monthly = 8005 }",
        "monthly is KWD 8.005, but KWD is charged in steps of KWD 0.010",
    ),
    ("prices.USD = { monthly = 10 }", "so that the least purchase is under the least charge of USD 0.50"),
    (
        "seats = { count = 'users', guests_per_member = 0 }",
        "tier.a.seats.guests_per_member: guests_per_member must",
    ),
    ("seats = { count = 'weights', member_weight = 0, guest_weight = 0 }", "With both weights 0 nobody takes a seat"),
    ("upgrades_to = ['b']", "tier.a.upgrades_to names 'b', but there is no such tier; the tiers are a."),
    ("upgrades_to = ['a']", "tier.a.upgrades_to names the tier itself"),
    ("code = 'b'", "tier.a.code is 'b'; leave it out"),
]


@pytest.mark.parametrize(("text", "sentence"), PLACED)
def test_a_fault_in_a_catalogue_is_one_sentence_with_its_place(text: str, sentence: str) -> None:
    whole = text if text[:1] in ("", "[") or "tier" in text or text == "x =" else f"[tier.a]\nname = 'A'\n{text}"

    with pytest.raises(InvalidInput) as refusal:
        catalog_from_toml(whole)

    assert refusal.value.code == "invalid_catalog"
    assert sentence in refusal.value.message
    assert refusal.value.message.endswith(".")


@pytest.mark.parametrize("example", [PER_SEAT, CLOUD_AND_SELF_HOSTED])
def test_an_example_reads_the_same_after_it_was_stored(example: str) -> None:
    document = CATALOG_FILE.from_toml(example_text(example))

    assert CATALOG_FILE.parse(document.content()).catalog() == document.catalog()


def test_a_tier_without_hosting_suits_every_deployment_and_a_retired_one_is_not_sold() -> None:
    table = {"name": "Team", "prices": {"EUR": {"quarterly": 2500}}}
    sold = CATALOG_FILE.parse({"tier": {"team": table, "old": {**table, "name": "Old", "retired": True}}}).catalog()

    for hosting in Hosting:
        sold.tier("team").check_sold_for(hosting)
        with pytest.raises(Refused, match="Old is not sold any more") as refusal:
            sold.tier("old").check_sold_for(hosting)
        assert refusal.value.code == "tier_retired"
    with pytest.raises(InvalidInput, match="Team has no monthly price in EUR; it is sold quarterly"):
        sold.tier("team").price(Schedule.MONTHLY, "EUR")


def test_a_catalogue_without_a_tier_says_what_to_do_first() -> None:
    with pytest.raises(InvalidInput, match="nothing is sold yet, so apply a catalogue first"):
        Catalog({}).tier("team")


def test_an_add_on_is_sold_with_tiers_that_are_billed_at_prices_within_the_bounds() -> None:
    usual = AddOn(
        code="support",
        name="Support",
        tiers=("cloud_standard",),
        maximum_quantity=5,
        prices={"USD": {Schedule.MONTHLY: 1000}},
    )

    def monthly(price: int, currency: str = "USD") -> dict[str, Any]:
        return {"prices": {currency: {Schedule.MONTHLY: price}}}

    accepted: list[dict[str, Any]] = [{}, {"tiers": ()}, monthly(1), monthly(MAX_PRICE), monthly(10, "KWD")]
    accepted += [{"maximum_quantity": most} for most in (None, 1, MAX_QUANTITY)]
    for changes in accepted:
        check_catalog(replace(catalog(), add_ons={"support": replace(usual, **changes)}))
    refused: list[tuple[dict[str, Any], str]] = [
        ({"name": " "}, "name"),
        ({"tiers": ("gold",)}, "tiers"),
        ({"tiers": ("self_hosted_community",)}, "tiers"),
        *(({"maximum_quantity": most}, "maximum_quantity") for most in (0, MAX_QUANTITY + 1)),
        ({"prices": {}}, "prices"),
        ({"prices": {"USD": {}}}, "prices.USD"),
        ({"prices": {"XYZ": {Schedule.MONTHLY: 5}}}, "prices.XYZ"),
        *((monthly(price), "prices.USD.monthly") for price in (-1, 0, MAX_PRICE + 1)),
        (monthly(15, "KWD"), "prices.KWD.monthly"),
    ]
    for changes, field in refused:
        with pytest.raises(InvalidInput, match=r"add_on\.support") as refusal:
            check_catalog(replace(catalog(), add_ons={"support": replace(usual, **changes)}))
        assert (refusal.value.code, refusal.value.field) == ("invalid_catalog", f"add_on.support.{field}")


def test_the_least_purchase_of_a_tier_is_not_under_the_least_charge() -> None:
    for price, licenses, fits in ((49, 1, False), (50, 1, True), (25, 2, True), (24, 2, False)):
        tier = replace(
            catalog().tier("cloud_standard"),
            minimum_licenses=licenses,
            prices={"USD": {Schedule.MONTHLY: price, Schedule.ANNUAL: 5000}},
        )
        sold = replace(catalog(), tiers={**catalog().tiers, "cloud_standard": tier})
        if fits:
            check_catalog(sold)
            continue
        with pytest.raises(InvalidInput) as refusal:
            check_catalog(sold)
        assert refusal.value.field == "tier.cloud_standard.prices.USD.monthly"


def test_an_add_on_that_plans_hold_stays_in_the_catalogue_with_their_prices() -> None:
    def use(**changes: Any) -> AddOnUse:
        terms = {"add_on": "storage", "plans": 1, "currency": "USD", "schedules": frozenset([Schedule.MONTHLY])}
        return AddOnUse(**{**terms, **changes})

    check_add_ons_kept(catalog(), [use(), use(schedules=frozenset([Schedule.MONTHLY, Schedule.ANNUAL]))])
    for asked, field, told in (
        (use(add_on="support"), "add_on.support", "1 plan holds"),
        (use(add_on="support", plans=1200), "add_on.support", "1,200 plans hold"),
        (use(currency="XYZ"), "add_on.storage.prices.XYZ.monthly", "1 plan holds"),
        (use(currency="XYZ", plans=2), "add_on.storage.prices.XYZ.monthly", "2 plans hold"),
    ):
        with pytest.raises(Refused, match=told) as refusal:
            check_add_ons_kept(catalog(), [asked])
        assert (refusal.value.code, refusal.value.field) == ("add_on_in_use", field)
