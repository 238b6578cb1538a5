"""Which tax applies: by where the customer is, what it is, and the day of the invoice."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billflow.domain.errors import Refused
from billflow.domain.tax.policy import TaxCategory, TaxMode, Taxpayer, TaxPolicy, TaxRate, TaxTimeline
from tests.domain.builders import at

DAY = at("2026-07-01")


def rate(country: str, percent: str, **changes: Any) -> TaxRate:
    return replace(TaxRate(country=country, percent=Decimal(percent), name="VAT"), **changes)


UNION = TaxPolicy(
    mode=TaxMode.OWN_RATES,
    rates=(rate("DE", "19"), rate("FR", "20"), rate("CH", "7.7", until=DAY), rate("CH", "8.1", since=DAY)),
    oss=True,
    reverse_charge=True,
    home="DE",
)
CANADA = TaxPolicy(
    mode=TaxMode.OWN_RATES,
    rates=(
        rate("CA", "5", name="GST"),
        rate("CA", "9.975", name="QST", region="QC", adds_to_country=True),
        rate("CA", "13", name="HST", region="ON"),
    ),
    home="CA",
)
BY_STRIPE = TaxPolicy(mode=TaxMode.STRIPE, home="DE")


def percents(policy: TaxPolicy, who: Taxpayer) -> list[str]:
    return [str(one.percent) for one in policy.treatment(who, DAY).rates]


def test_a_private_customer_pays_its_own_country_with_oss_and_the_sellers_without() -> None:
    in_france = Taxpayer(country="FR")
    assert percents(UNION, in_france) == ["20"]
    assert percents(replace(UNION, oss=False), in_france) == ["19"]


@pytest.mark.parametrize(
    ("who", "category"),
    [
        (Taxpayer(country="FR", vat_number="FR83404833048"), TaxCategory.REVERSE_CHARGE),
        (Taxpayer(country="DE", vat_number="DE136695976"), TaxCategory.STANDARD),
        (Taxpayer(country="FR", vat_number="DE136695976"), TaxCategory.STANDARD),
        (Taxpayer(country="GR", vat_number="EL094259216"), TaxCategory.REVERSE_CHARGE),
        (Taxpayer(country="CH", vat_number=None), TaxCategory.STANDARD),
        (Taxpayer(country="US"), TaxCategory.NONE),
        (Taxpayer(country="DE", is_exempt=True), TaxCategory.EXEMPT),
        (Taxpayer(country="US", is_exempt=True), TaxCategory.NONE),
    ],
)
def test_a_business_in_another_member_state_owes_the_tax_itself(who: Taxpayer, category: TaxCategory) -> None:
    assert UNION.treatment(who, DAY).category is category


def test_who_owes_the_tax_itself_or_is_exempt_reads_so_with_its_country_and_nothing_percent() -> None:
    for who, name in (
        (Taxpayer(country="FR", vat_number="FR40303265045"), "Reverse charge"),
        (Taxpayer(country="FR", is_exempt=True), "Exempt from tax"),
    ):
        [only] = UNION.treatment(who, DAY).rates

        assert (only.country, only.percent, only.name) == ("FR", Decimal(0), name)


def test_without_reverse_charge_a_business_pays_like_anybody() -> None:
    business = Taxpayer(country="FR", vat_number="FR83404833048")
    assert percents(replace(UNION, reverse_charge=False), business) == ["20"]


def test_a_rate_holds_for_invoices_of_its_days() -> None:
    swiss = Taxpayer(country="CH")
    before, after = UNION.treatment(swiss, at("2026-06-30T23:59:59")), UNION.treatment(swiss, DAY)
    assert [str(one.rates[0].percent) for one in (before, after)] == ["7.7", "8.1"]


def test_a_region_adds_to_its_country_or_takes_its_place() -> None:
    assert percents(CANADA, Taxpayer(country="CA", region="QC")) == ["5", "9.975"]
    assert percents(CANADA, Taxpayer(country="CA", region="ON")) == ["13"]
    assert percents(CANADA, Taxpayer(country="CA", region="AB")) == ["5"]


@pytest.mark.parametrize(
    ("policy", "who", "code", "field"),
    [
        (UNION, Taxpayer(), "tax_address_missing", "billing_address.country"),
        (CANADA, Taxpayer(country="CA"), "tax_address_missing", "billing_address.state"),
        (UNION, Taxpayer(country="IT"), "no_tax_rate", None),
        (BY_STRIPE, Taxpayer(), "tax_address_missing", "billing_address.country"),
        (BY_STRIPE, Taxpayer(country="US", region="OR"), "tax_address_missing", "billing_address.postal_code"),
        (BY_STRIPE, Taxpayer(country="US", postal_code="9771"), "tax_address_missing", "billing_address.postal_code"),
        (BY_STRIPE, Taxpayer(country="CA"), "tax_address_missing", "billing_address.state"),
    ],
)
def test_what_is_needed_to_tax_is_named_where_it_is_missing(
    policy: TaxPolicy, who: Taxpayer, code: str, field: str | None
) -> None:
    with pytest.raises(Refused) as refused:
        policy.treatment(who, DAY)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    "who",
    [
        Taxpayer(country="US", postal_code="97712"),
        Taxpayer(country="US", postal_code="97712-4918"),
        Taxpayer(country="CA", region="QC"),
        Taxpayer(country="CA", postal_code="H2X 1Y4"),
        Taxpayer(country="NZ"),
    ],
)
def test_stripe_taxes_wherever_it_can_tell_the_place(who: Taxpayer) -> None:
    assert BY_STRIPE.treatment(who, DAY).by_stripe


def test_a_country_whose_rates_have_all_ended_is_not_free_of_tax() -> None:
    ended = replace(UNION, rates=(rate("CH", "7.7", until=DAY),), home="US")
    with pytest.raises(Refused, match="no tax rate for CH on 2026-07-01"):
        ended.treatment(Taxpayer(country="CH"), DAY)


def test_a_rate_with_an_exemption_is_charged_to_nobody_and_says_why() -> None:
    small = replace(UNION, rates=(rate("DE", "0", exemption="section 19 UStG"), *UNION.rates[1:]))

    treatment = small.treatment(Taxpayer(country="DE"), DAY)

    assert (treatment.category, treatment.rates) == (TaxCategory.EXEMPT, small.rates[:1])


def test_a_country_has_a_rate_whenever_that_is_valid() -> None:
    assert [UNION.has_rate(country) for country in ("DE", "CH", "IT")] == [True, True, False]


def test_the_newest_version_whose_day_has_come_holds() -> None:
    newest = replace(UNION, since=at("2027-01-01"), oss=False)
    timeline = TaxTimeline((newest, replace(UNION, since=DAY)))
    assert timeline.at(at("2027-01-01")) is newest
    assert timeline.at(at("2026-12-31T23:59:59")).oss
    assert timeline.at(at("2026-06-30")).mode is TaxMode.NONE
