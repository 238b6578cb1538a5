"""The line rules by exact values: steps of the currency, the entries of a line, and which price a cycle has."""

from dataclasses import replace

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.calendar import Period
from billflow.domain.invoicing.add_ons import add_on_lines
from billflow.domain.invoicing.charges import Addition, Renewal
from billflow.domain.invoicing.coupons import amount_off
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.invoicing.rules import (
    additional_licenses,
    discountable,
    fixed_price_renewal,
    flat_discount_line,
    instalment,
    renewal,
)
from billflow.domain.plan import PlanStatus, Schedule
from billflow.domain.proration import Derivation
from billflow.domain.settings import DEFAULT_SETTINGS
from billflow.domain.step import Step
from billflow.domain.tax.amounts import AppliedTax
from billflow.domain.tax.policy import TaxCategory
from tests.domain.builders import DAY, START, a_plan, an_entry, at, some_facts

MONTH = Period(START, at("2024-02-29T10:00"))
FIRST, SECOND = an_entry(1, START, 10), an_entry(2, MONTH.end, 10, is_renewal=True)


def a_line(amount: int, kind: LineKind = LineKind.RENEWAL) -> Line:
    return Line(kind, "Plan", Derivation(price=amount, quantity=1, period=MONTH))


def test_every_line_rule_rounds_to_the_steps_of_the_currency() -> None:
    fixed = a_plan(currency="KWD", price_per_license=None, fixed_price=185_460)
    renewed = fixed_price_renewal(
        Step.begin(some_facts(plan=fixed, ledger=(FIRST, SECOND)), MONTH.end), Renewal(SECOND)
    )

    assert renewed is not None
    assert (renewed.amount, renewed.derivation.note) == (15_460, "instalment 2 of 12, which add up exactly")
    assert flat_discount_line(500, 1, MONTH, "KWD", at_most=9000).derivation.step == 10
    assert instalment(185_460, Schedule.ANNUAL, 0, MONTH, DEFAULT_SETTINGS, step=10).step == 10


def test_what_ends_a_trial_buys_the_plan_and_bills_the_renewal_that_it_begins_with() -> None:
    facts = some_facts(plan=a_plan(status=PlanStatus.FREE_TRIAL))

    line = renewal(Step.begin(facts, MONTH.end), Renewal(SECOND))

    assert line is not None
    assert (line.kind, line.description, line.entries) == (LineKind.INITIAL_UPGRADE, "Cloud Standard", (2,))


def test_an_addition_has_the_price_of_the_cycle_that_it_is_in() -> None:
    step = Step.begin(some_facts(ledger=(FIRST, SECOND)), at("2024-03-31T10:00"))
    step.former_price = (700, MONTH.end)

    for cycle, price in ((FIRST, 700), (SECOND, 800)):
        line = additional_licenses(step, Addition((an_entry(3, cycle.event_time + DAY, 11),), 1, cycle))
        assert line is not None
        assert line.derivation.price == price


def test_the_flat_discount_may_take_all_charges_for_licenses_to_the_last_minor_unit() -> None:
    lines = [
        a_line(1),
        a_line(500),
        a_line(-100, LineKind.COUPON),
        a_line(-1, LineKind.END_DATE_CHANGE),
        a_line(30, LineKind.COUPON),
        a_line(900, LineKind.ITEM),
    ]

    assert discountable(lines) == 1 + 500 - 100
    assert discountable(lines[:1]) == 1
    assert discountable([]) == 0


def test_sentences_of_discounts_and_of_tax() -> None:
    coupon = replace(a_line(0, LineKind.COUPON), derivation=amount_off(900, a_line(8000), "USD", "once"))
    applied = AppliedTax(category=TaxCategory.STANDARD, name="VAT", percent="19", jurisdiction="DE", inclusive=True)
    contained = Derivation(
        price=1190,
        quantity=1,
        numerator=190,
        denominator=1190,
        less=190,
        period=MONTH,
        note="computed by Stripe Tax",
    )
    free = replace(applied, category=TaxCategory.EXEMPT, percent="0", exemption="section 19 UStG", inclusive=False)
    nothing = Derivation(price=1000, quantity=1, numerator=0, period=MONTH)

    assert explain(coupon, "USD").sentence == (
        "Plan, from 2024-01-31 10:00 to 2024-02-29 10:00 UTC: USD -9 = USD -9 (once)."
    )
    assert explain(Line(LineKind.TAX, "VAT 19%", contained, tax=190, applied=applied), "EUR").sentence == (
        "VAT 19% for DE: 190/1190 of EUR 11.90 = EUR 1.90, which the prices contain, as Stripe computed it."
    )
    assert explain(Line(LineKind.TAX, "VAT", nothing, applied=free), "EUR").sentence == (
        "VAT for DE: no tax on EUR 10 (section 19 UStG)."
    )


def test_a_renewal_at_the_moment_of_a_new_price_and_what_was_added_before_it() -> None:
    plan = a_plan(next_price=900, next_price_from=MONTH.end)
    facts = some_facts(plan=plan, ledger=(FIRST, an_entry(2, START + 14 * DAY, 11)))

    [invoice] = process_billing_date(facts, MONTH.end).invoices

    assert [(line.kind, line.derivation.price) for line in invoice.lines] == [
        (LineKind.RENEWAL, 900),
        (LineKind.ADDITIONAL_LICENSES, 800),
    ]


def test_add_ons_name_their_entries_and_are_in_steps_of_the_currency_and_one_may_cost_nothing() -> None:
    held = [
        an_entry(2, START, 3, add_on="storage", price=1000, is_renewal=True),
        an_entry(3, START + 15 * DAY, 5, add_on="storage", price=1000),
        an_entry(4, START, 2, add_on="priority_support", price=0, is_renewal=True),
        an_entry(5, START + 15 * DAY, 4, add_on="priority_support", price=0),
    ]
    step = Step.begin(some_facts(plan=a_plan(currency="KWD"), add_ons=tuple(held)), MONTH.end)

    lines = list(add_on_lines(step, held))

    assert [(line.kind, line.entries, line.amount, line.derivation.step) for line in lines] == [
        (LineKind.ADD_ON, (2,), 3000, 10),
        (LineKind.ADDITIONAL_ADD_ON, (3,), 960, 10),  # 2 x 1000 x 14 of 29 days, which are 482.76, in tens
        (LineKind.ADD_ON, (4,), 0, 10),
        (LineKind.ADDITIONAL_ADD_ON, (5,), 0, 10),
    ]
    assert [line.derivation.price for line in lines] == [1000, 1000, 0, 0]
