"""Rules put in the place of others: what a plan would be billed by them."""

from dataclasses import replace

from billflow.domain.catalog import Catalog
from billflow.domain.plan import Schedule
from billflow.domain.preview import forecast
from billflow.domain.rule_change import NO_CHANGE, Repricing, RuleChange, repriced, resold
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_customer, a_plan, at, catalog, some_facts

TIER = "cloud_standard"


def sold_with(**terms: object) -> Catalog:
    tier = replace(catalog().tier(TIER), **terms)  # type: ignore[arg-type]
    return Catalog({**catalog().tiers, TIER: tier}, version=2)


def totals(facts: Facts) -> list[int]:
    return [invoice.total for invoice in forecast(facts, 3, now=START + DAY).invoices]


def test_a_plan_that_has_missed_a_catalogue_takes_in_both_at_its_next_step() -> None:
    missed, wanted = sold_with(minimum_licenses=20), sold_with(minimum_licenses=20, name="Standard")
    facts = some_facts(catalog=missed, former_catalog=catalog())

    assert totals(facts) == [20 * 800] * 3
    assert totals(resold(facts, wanted)) == totals(facts)


def test_no_change_leaves_the_facts_as_they_are() -> None:
    facts = some_facts()

    assert NO_CHANGE.applied_to(facts, START) is facts


def test_a_listed_price_reaches_plans_that_run_only_where_they_are_repriced() -> None:
    dearer = sold_with(prices={"USD": {Schedule.MONTHLY: 900}})
    asked = Repricing(tier=TIER, starts_at=at("2024-03-15"))

    assert totals(RuleChange(catalog=dearer).applied_to(some_facts(), START)) == [8000] * 3
    assert totals(RuleChange(catalog=dearer, repricing=asked).applied_to(some_facts(), START)) == [8000, 9000, 9000]


def test_a_notice_puts_the_new_price_off() -> None:
    facts = some_facts(catalog=sold_with(prices={"USD": {Schedule.MONTHLY: 900}}))
    asked = Repricing(tier=TIER, starts_at=START, notice_days=70)

    assert totals(repriced(facts, asked, START)) == [8000, 8000, 9000]


def test_prices_that_no_list_decides_on_stay() -> None:
    facts = some_facts(catalog=sold_with(prices={"USD": {Schedule.MONTHLY: 900}}))
    asked = Repricing(tier=TIER, starts_at=START)
    agreed = replace(facts, customer=a_customer(required_plan_tier=TIER, monthly_discounted_price=800))
    fixed = replace(facts, plan=a_plan(price_per_license=None, fixed_price=120_000))

    for kept in (agreed, fixed, replace(facts, plan=a_plan(price_per_license=900))):
        assert repriced(kept, asked, START) is kept
    assert repriced(facts, replace(asked, tier="cloud_plus"), START) is facts
