"""Coupons that make no sense, or are for others, are refused with the field, and nothing is written."""

from dataclasses import replace
from typing import Any

import pytest

from billflow.domain.errors import BillingError, InvalidInput, NotFound, Refused
from billflow.models.contracts.coupons import CouponCreate
from tests.sizes import some
from tests.store.conftest import BEGIN, Company, by, rows_of
from tests.store.test_coupons import ASKED, DAY, a_coupon, a_customer, attached

REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"coupon": "nobody"}, {}, "unknown_coupon"),
    ({}, {"tiers": ("cloud_plus",)}, "coupon_other_tier"),
    ({}, {"percent": None, "amount_off": {"EUR": 500}}, "coupon_other_currency"),
    ({"fixed_price": 120_000}, {}, "coupon_without_effect"),
]


@pytest.mark.parametrize(("asked", "terms", "code"), some(1, REFUSED), ids=[code for *_, code in REFUSED])
async def test_a_coupon_that_is_not_for_a_purchase_is_refused_and_nothing_is_written(
    company: Company, store_url: str, asked: dict[str, Any], terms: dict[str, Any], code: str
) -> None:
    await a_coupon(company, **terms)
    customer = await a_customer(company)
    before = rows_of(store_url, company.org_id)

    with pytest.raises(BillingError) as refusal:
        await company.start(company.ask(customer, replace(ASKED, **asked)))

    assert (refusal.value.code, refusal.value.field) == (code, "coupon")
    assert rows_of(store_url, company.org_id) == before


async def test_a_coupon_that_is_over_or_for_newcomers_is_refused(company: Company) -> None:
    soon = BEGIN + DAY
    await a_coupon(company, expires_at=soon, first_purchase_only=True)
    customer = await a_customer(company)
    late = company.ask(customer, ASKED).model_copy(update={"at": soon})
    with pytest.raises(Refused, match="is over") as over:
        await company.start(late)
    await company.bought(customer)
    with pytest.raises(Refused, match="first purchase") as known:
        await attached(company, customer)

    assert (over.value.code, known.value.code) == ("coupon_expired", "coupon_first_purchase_only")


async def test_a_second_coupon_waits_for_the_first_to_end(company: Company) -> None:
    await a_coupon(company)
    customer = await a_customer(company)
    await attached(company, customer)
    with pytest.raises(Refused) as second:
        await company.start(company.ask(customer, ASKED))
    await company.repositories.coupons.detach(customer.ref, by())

    assert second.value.code == "coupon_attached"
    assert (await attached(company, customer)).ended_at is None


async def test_an_archived_coupon_stays_with_who_has_it(company: Company) -> None:
    await a_coupon(company)
    one, other = await a_customer(company), await a_customer(company)
    await attached(company, one)
    await company.repositories.coupons.archive(company.org_id, "spring25", by())

    with pytest.raises(Refused) as refusal:
        await attached(company, other)
    assert refusal.value.code == "coupon_expired"
    assert (await company.start(company.ask(one))).invoices[0].total == 6000


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"percent_off": "150"}, "percent_off", "at most at 100"),
    ({"percent_off": "0"}, "percent_off", "above 0"),
    ({"percent_off": "-5"}, "percent_off", "above 0"),
    ({"percent_off": "12.345"}, "percent_off", "two decimals"),
    ({}, "percent_off", "percent_off or amount_off"),
    ({"percent_off": "5", "amount_off": {"USD": 5}}, "percent_off", "percent_off or amount_off"),
    ({"amount_off": {"USD": 0}}, "amount_off", "between 1 and"),
    ({"amount_off": {"KWD": 5}}, "amount_off", "steps of"),
    ({"amount_off": {"XXX": 5}}, "amount_off", "ISO 4217"),
    ({"percent_off": "5", "duration": "repeating"}, "duration_in_months", "name both or neither"),
    ({"percent_off": "5", "duration_in_months": 3}, "duration_in_months", "name both or neither"),
    ({"percent_off": "5", "tiers": ("gold",)}, "tiers", "There is no tier 'gold'"),
    ({"percent_off": "5", "tiers": ("self_hosted_community",)}, "tiers", "never billed"),
    ({"percent_off": "5", "expires_at": BEGIN}, "expires_at", "future"),
    ({"percent_off": "5", "max_redemptions": 0}, "max_redemptions", "no limit"),
    ({"percent_off": "5", "code": "a b"}, "code", "of A to Z"),
]


@pytest.mark.parametrize(("terms", "field", "words"), some(5, BAD), ids=[f"{field} {words}" for _, field, words in BAD])
async def test_a_coupon_that_makes_no_sense_is_refused_with_its_field_and_the_way_out(
    company: Company, terms: dict[str, Any], field: str, words: str
) -> None:
    new = CouponCreate.model_validate({"code": "SPRING25", **terms})
    with pytest.raises(InvalidInput, match=words) as refusal:
        await company.repositories.coupons.create(company.org_id, new, by())

    assert refusal.value.field == field
    with pytest.raises(NotFound):
        await company.repositories.coupons.get(company.org_id, "SPRING25")
