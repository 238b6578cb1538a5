"""Two bills of one plan: what differs has its causes, and what the causes do adds up to the difference."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.catalog import Catalog
from billflow.domain.plan import LicenseManagement, Schedule
from billflow.domain.rule_change import Repricing, RuleChange
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts
from billflow.domain.tax.policy import TaxTimeline
from billflow.dry_run.bills import FAULT, PlanBill, bill
from billflow.dry_run.causes import Cause
from billflow.dry_run.comparison import PlanDifference, compare
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, catalog, seats, some_facts
from tests.domain.taxed_life import TAXED, Taxed

TIER = "cloud_standard"
NOW = START + DAY
YEAR = START + 366 * DAY

catalogs = st.builds(
    lambda monthly, minimum, name: sold_with(
        prices={"USD": {**catalog().tier(TIER).prices["USD"], Schedule.MONTHLY: monthly}},
        minimum_licenses=minimum,
        name=name,
    ),
    st.integers(1, 2000),
    st.integers(1, 30),
    st.sampled_from(["Cloud Standard", "Standard"]),
)
changes = st.builds(
    RuleChange,
    catalog=st.one_of(st.none(), catalogs),
    tax=st.one_of(st.none(), st.sampled_from(TAXED).map(lambda taxed: TaxTimeline((taxed.policy,)))),
    repricing=st.one_of(
        st.none(),
        st.builds(
            Repricing,
            tier=st.just(TIER),
            starts_at=st.integers(0, 300).map(lambda n: START + n * DAY),
            notice_days=st.integers(0, 90),
        ),
    ),
)


def sold_with(**terms: object) -> Catalog:
    tier = replace(catalog().tier(TIER), **terms)  # type: ignore[arg-type]
    return Catalog({**catalog().tiers, TIER: tier}, version=2)


def billed(facts: Facts, change: RuleChange = RuleChange()) -> PlanBill:  # noqa: B008  (it never changes)
    return bill(change.applied_to(facts, NOW), YEAR, NOW)


def compared(facts: Facts, change: RuleChange) -> PlanDifference:
    found = compare(billed(facts), billed(facts, change))
    assert found is not None
    return found


@given(
    change=changes,
    taxed=st.sampled_from(TAXED),
    seen=st.lists(st.tuples(st.integers(1, 86_000), st.integers(1, 40)), max_size=4, unique_by=lambda o: o[0]),
    discount=st.sampled_from([0, 0, 3]),
    price=st.integers(1, 1000),
)
def test_what_the_causes_do_adds_up_to_the_difference_of_each_line_invoice_and_plan(
    change: RuleChange, taxed: Taxed, seen: list[tuple[int, int]], discount: int, price: int
) -> None:
    facts = some_facts(
        plan=a_plan(price_per_license=price),
        customer=a_customer(flat_discounted_months=discount, taxpayer=taxed.who),
        observations=tuple(seats(START + timedelta(seconds=second), people) for second, people in sorted(seen)),
        settings=BillingSettings(tax=TaxTimeline((taxed.policy,))),
    )
    before, after = billed(facts), billed(facts, change)
    found = compare(before, after)

    if found is None:
        assert before == after
        return
    assert found.causes
    assert sum(found.causes.values()) == found.difference
    assert found.difference == sum((one.after or 0) - (one.before or 0) for one in found.invoices)
    for invoice in found.invoices:
        assert sum(line.difference for line in invoice.lines) == (invoice.after or 0) - (invoice.before or 0)
        for line in invoice.lines:
            amounts = [side.amount if side else 0 for side in (line.before, line.after)]
            assert line.difference == amounts[1] - amounts[0]
            assert line.causes


@given(change=changes, taxed=st.sampled_from(TAXED))
def test_without_a_change_there_is_no_difference(change: RuleChange, taxed: Taxed) -> None:
    facts = change.applied_to(some_facts(customer=a_customer(taxpayer=taxed.who)), NOW)

    assert compare(billed(facts), billed(facts)) is None


def test_a_new_price_is_told_with_both_derivations_and_what_it_makes_of_each_invoice() -> None:
    dearer = sold_with(prices={"USD": {Schedule.MONTHLY: 900}})
    found = compared(
        some_facts(), RuleChange(catalog=dearer, repricing=Repricing(tier=TIER, starts_at=START + 300 * DAY))
    )

    assert found.causes == {Cause.PRICE: 3 * 1000}
    assert [(one.at.month, one.before, one.after) for one in found.invoices] == [
        (11, 8000, 9000),
        (12, 8000, 9000),
        (1, 8000, 9000),
    ]
    [line] = found.invoices[0].lines
    assert line.before is not None
    assert line.after is not None
    assert (line.before.derivation.price, line.after.derivation.price) == (800, 900)


def test_more_licenses_at_another_price_are_two_causes_that_add_up() -> None:
    facts = some_facts(plan=a_plan(next_invoice_date=START + 360 * DAY))
    change = RuleChange(
        catalog=sold_with(minimum_licenses=12, prices={"USD": {Schedule.MONTHLY: 900}}),
        repricing=Repricing(tier=TIER, starts_at=START),
    )
    found = compared(facts, change)

    assert set(found.causes) == {Cause.PRICE, Cause.QUANTITY}
    assert found.causes[Cause.QUANTITY] * 5 == found.causes[Cause.PRICE] * 9
    assert found.before * 108 == found.after * 80


def test_another_name_is_a_difference_that_costs_nothing() -> None:
    found = compared(some_facts(), RuleChange(catalog=sold_with(name="Standard")))

    assert (found.causes, found.difference) == ({Cause.DESCRIPTION: 0}, 0)


def test_a_plan_that_would_be_on_hold_shows_what_is_not_billed_by_it() -> None:
    plan = a_plan(license_management=LicenseManagement.MANUAL)
    facts = some_facts(plan=plan, ledger=(an_entry(1, START, 10),))
    found = compared(facts, RuleChange(catalog=Catalog({}, version=2)))

    assert found.on_hold_before is None
    assert found.on_hold_after is not None
    assert found.on_hold_after.code == "unknown_tier"
    assert (found.causes, found.after) == ({Cause.ON_HOLD: -found.before}, 0)


def test_a_fault_of_ours_ends_the_bill_of_its_plan_alone() -> None:
    broken = bill(replace(some_facts(), ledger=None), YEAR, NOW)  # type: ignore[arg-type]

    assert broken.on_hold is not None
    assert broken.on_hold.code == FAULT


def test_the_same_numbers_with_another_amount_are_rounded_otherwise() -> None:
    bills = billed(some_facts())
    first, *others = bills.invoices
    otherwise = replace(first, lines=tuple(replace(line, amount=line.amount + 1) for line in first.lines))
    found = compare(bills, replace(bills, invoices=(otherwise, *others)))

    assert found is not None
    assert found.causes == {Cause.ROUNDING: 1}


@pytest.mark.parametrize("inclusive", [True, False])
def test_another_rate_is_the_tax_and_another_price_the_taxed_amount(inclusive: bool) -> None:
    who = next(one for one in TAXED if one.policy.treatment(one.who, START).rates)
    rates = tuple(replace(rate, inclusive=inclusive) for rate in who.policy.rates)
    policy = replace(who.policy, rates=rates, reverse_charge=False)
    facts = some_facts(customer=a_customer(taxpayer=who.who), settings=BillingSettings(tax=TaxTimeline((policy,))))
    higher = replace(policy, rates=tuple(replace(rate, percent=rate.percent + 1) for rate in rates))
    by_rate = compared(facts, RuleChange(tax=TaxTimeline((higher,))))
    repricing = Repricing(tier=TIER, starts_at=START)
    by_price = compared(
        facts, RuleChange(catalog=sold_with(prices={"USD": {Schedule.MONTHLY: 900}}), repricing=repricing)
    )

    assert set(by_rate.causes) == {Cause.TAX}
    assert (by_rate.difference == 0) is inclusive
    assert set(by_price.causes) == {Cause.PRICE, Cause.TAXED_AMOUNT}
