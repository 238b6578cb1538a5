"""What one charge can be over: whole steps of the currency, its least and its most, and parts of what is more."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.additions import ChargedLine
from billflow.domain.adjustments import InvoiceMoney, RefundMethod, credit_note, refund
from billflow.domain.billing_dates import process_billing_date
from billflow.domain.calendar import Period
from billflow.domain.changes.tier import tier_change_credit
from billflow.domain.commands import ApplyDiscount, Retry
from billflow.domain.currencies import CURRENCIES
from billflow.domain.errors import BillingError, InvalidInput, Refused
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.invoicing.parts import in_parts
from billflow.domain.invoicing.rules import instalment
from billflow.domain.lifecycle import take_command
from billflow.domain.money import Rounding
from billflow.domain.offers import OfferTerms, check_offer
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, start_plan
from billflow.domain.preview import forecast
from billflow.domain.proration import Derivation
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings, InstalmentRounding
from billflow.domain.step import Step
from billflow.models.contracts.catalog import catalog_from_toml
from tests.domain.builders import START, a_customer, a_plan, an_entry, at, catalog, some_facts

DUE = at("2024-02-29T10:00")
YEAR = Period(START, at("2025-01-31T10:00"))
CODES = st.sampled_from(sorted(CURRENCIES))
SELLING = """[tier.cloud_standard]
name = "Cloud Standard"
hosting = "cloud"
prices.KWD = { annual = 80000, monthly = %s }
"""


@given(code=CODES, units=st.integers(0, 10_000), added=st.lists(st.integers(1, 27 * 86_400), max_size=6))
def test_every_line_of_a_billing_date_is_in_whole_steps(code: str, units: int, added: list[int]) -> None:
    step = CURRENCIES[code].step
    ledger = [an_entry(1, START, 10)]
    ledger += [an_entry(2 + n, START + timedelta(seconds=s), 11 + n) for n, s in enumerate(sorted(added))]
    plan = a_plan(currency=code, price_per_license=units * step, collection_method=CollectionMethod.SEND_INVOICE)

    outcome = process_billing_date(some_facts(plan=plan, ledger=tuple(ledger)), DUE)

    lines = [line for invoice in outcome.invoices for line in invoice.lines]
    assert lines
    assert all(line.amount % step == 0 and line.unit_amount % step == 0 for line in lines)


@given(code=CODES, units=st.integers(1, 10**7), rounding=st.sampled_from(InstalmentRounding))
def test_instalments_are_in_whole_steps_and_add_up(code: str, units: int, rounding: InstalmentRounding) -> None:
    step = CURRENCIES[code].step
    settings = BillingSettings(instalment_rounding=rounding)
    parts = [instalment(units * step, Schedule.MONTHLY, n, YEAR, settings, step=step).amount for n in range(12)]

    assert all(part % step == 0 for part in parts)
    assert all(before >= after for before, after in pairwise(parts))
    assert parts[0] - parts[-1] in (0, step)
    if rounding is InstalmentRounding.SPLIT:
        assert sum(parts) == units * step


def test_twelve_instalments_of_kuwaiti_dinars_add_up_in_tens() -> None:
    parts = [instalment(185_460, Schedule.MONTHLY, n, YEAR, DEFAULT_SETTINGS, step=10).amount for n in range(12)]

    assert parts == [15_460] * 6 + [15_450] * 6


@given(code=CODES, paid=st.integers(0, 10**6), second=st.integers(1, 364 * 86_400))
def test_a_credit_for_a_tier_change_is_in_whole_steps(code: str, paid: int, second: int) -> None:
    step = CURRENCIES[code].step
    charged = (ChargedLine(paid * step, YEAR, paid=True),)
    facts = some_facts(plan=a_plan(currency=code, schedule=Schedule.ANNUAL), charged=charged)

    credit = tier_change_credit(Step.begin(facts, START + timedelta(seconds=second)))

    assert credit % step == 0
    assert 0 <= credit <= paid * step


def test_two_thirds_of_a_dinar_are_credited_in_tens() -> None:
    charged = (ChargedLine(1000, YEAR, paid=True),)
    facts = some_facts(plan=a_plan(currency="KWD", schedule=Schedule.ANNUAL), charged=charged)

    assert tier_change_credit(Step.begin(facts, START + timedelta(days=122))) == 670  # 666.67


KWD = InvoiceMoney(
    status="paid", currency="KWD", total=15_460, amount_due=15_460, amount_paid=15_460, lines={"a": 15_460}
)


@pytest.mark.parametrize("amount", [3, 15, 15_455])
def test_what_is_no_whole_step_is_neither_refunded_nor_credited(amount: int) -> None:
    with pytest.raises(InvalidInput, match=r"KWD is charged in steps of KWD 0\.010; name a multiple of 10") as refused:
        refund(KWD, amount)
    assert (refused.value.code, refused.value.field) == ("amount_not_chargeable", "amount")
    with pytest.raises(InvalidInput, match="multiple of 10"):
        credit_note(KWD, amount, {}, RefundMethod.REFUND)
    with pytest.raises(InvalidInput, match="multiple of 10"):
        credit_note(KWD, None, {"a": amount}, RefundMethod.BALANCE)


def test_what_is_left_of_an_odd_old_invoice_is_credited_in_whole_steps() -> None:
    odd = InvoiceMoney(status="paid", currency="KWD", total=15_372, amount_due=15_370, amount_paid=15_370)

    assert refund(odd, None) == 15_370
    assert credit_note(odd, None, {}, RefundMethod.BALANCE).amount == 15_370


def test_prices_are_in_whole_steps_wherever_they_are_agreed() -> None:
    with pytest.raises(InvalidInput, match="multiple of 10"):
        catalog_from_toml(SELLING % 8005)
    assert catalog_from_toml(SELLING % 8010).tier("cloud_standard").price(Schedule.MONTHLY, "KWD") == 8010
    offer = OfferTerms(tier="cloud_standard", currency="KWD", fixed_price=185_465)
    with pytest.raises(InvalidInput, match=r"fixed_price is KWD 185\.465, but"):
        check_offer(offer, catalog(), a_customer().hosting, START)
    facts = StartFacts(plan_id="plan", customer=a_customer(currency="KWD"), catalog=catalog())
    with pytest.raises(InvalidInput, match="multiple of 10"):
        start_plan(facts, StartPlan(tier="cloud_standard", schedule=Schedule.ANNUAL, fixed_price=185_465), START)
    command = ApplyDiscount(monthly_discounted_price=5, annual_discounted_price=0)
    with pytest.raises(InvalidInput, match="monthly_discounted_price"):
        take_command(some_facts(plan=a_plan(currency="KWD")), command, START + timedelta(days=1))


def test_an_old_price_that_is_no_whole_step_holds_the_renewal_and_names_the_step() -> None:
    facts = some_facts(plan=a_plan(currency="KWD", price_per_license=8005))

    with pytest.raises(InvalidInput, match="8005 minor units can't be charged; the currency is charged in steps of 10"):
        process_billing_date(facts, DUE)


def a_line(unit: int, quantity: int, entries: tuple[int, ...] = (1,)) -> Line:
    kind = LineKind.RENEWAL if unit >= 0 else LineKind.FLAT_DISCOUNT
    return Line(kind, "Item", Derivation(price=unit, quantity=quantity, period=YEAR), entries)


@given(st.lists(st.tuples(st.integers(0, 3 * 10**8), st.integers(1, 9)), min_size=1, max_size=5), st.integers(0, 10**9))
def test_parts_can_be_charged_add_up_and_name_every_entry_once(billed: list[tuple[int, int]], off: int) -> None:
    lines = [a_line(unit, quantity, (seq,)) for seq, (unit, quantity) in enumerate(billed)]
    most = min(off, sum(line.amount for line in lines))
    discount = [a_line(-most, 1, ())] if most else []

    parts = in_parts((*lines, *discount), "USD")

    maximum = CURRENCIES["USD"].maximum
    flat = [line for part in parts for line in part]
    assert sum(line.amount for line in flat) == sum(line.amount for line in (*lines, *discount))
    assert all(0 <= sum(line.amount for line in part) <= maximum for part in parts)
    assert sorted(seq for line in flat for seq in line.entries) == list(range(len(lines)))
    assert all(explain(line, "USD").amount == line.amount for line in flat)


def test_a_unit_of_which_a_part_was_billed_before_is_divided_as_what_is_left() -> None:
    billed = Derivation(price=300_000_000, quantity=1, less=100_000_000, period=YEAR)

    parts = in_parts((Line(LineKind.END_DATE_CHANGE, "Item", billed),), "USD")

    assert [part[0].amount for part in parts] == [66_666_667, 66_666_667, 66_666_666]


def test_a_fixed_price_over_the_maximum_is_divided_into_equal_parts() -> None:
    [first], [second] = in_parts((a_line(150_000_001, 1),), "USD")

    assert (first.amount, second.amount) == (75_000_001, 75_000_000)
    assert (first.derivation.rounding, second.derivation.rounding) == (Rounding.UP, Rounding.DOWN)
    assert "USD 1,500,000.01 / 2, rounded up = USD 750,000.01 (part 1 of 2)" in explain(first, "USD").sentence


LARGE = a_plan(price_per_license=800_000)
LEDGER = (an_entry(1, START, 200),)


def test_a_renewal_over_the_maximum_waits_and_names_the_limit() -> None:
    facts = some_facts(plan=LARGE, ledger=LEDGER)

    with pytest.raises(Refused, match=r"over USD 1,600,000, but one charge is at most USD 999,999\.99") as held:
        process_billing_date(facts, DUE)
    coming = forecast(facts, 1)

    assert held.value.code == "amount_over_maximum"
    assert coming.invoices == ()
    assert coming.on_hold is not None
    assert coming.on_hold.code == "amount_over_maximum"


def test_a_renewal_on_hold_for_its_size_is_billed_in_parts_as_of_its_date() -> None:
    outcome = take_command(some_facts(plan=LARGE, ledger=LEDGER), Retry(in_parts=True), DUE + timedelta(days=3))

    assert [invoice.total for invoice in outcome.invoices] == [124 * 800_000, 76 * 800_000]
    assert {invoice.at for invoice in outcome.invoices} == {DUE}
    assert outcome.plan.next_invoice_date == at("2024-03-31T10:00")


def test_a_sent_invoice_may_be_over_the_maximum_of_a_charge() -> None:
    plan = a_plan(price_per_license=800_000, collection_method=CollectionMethod.SEND_INVOICE)

    [invoice] = process_billing_date(some_facts(plan=plan, ledger=LEDGER), DUE).invoices

    assert invoice.total == 160_000_000


@pytest.mark.parametrize("moment", [START + timedelta(days=3), DUE - timedelta(seconds=1)])
def test_nothing_is_billed_in_parts_before_it_is_due(moment: datetime) -> None:
    with pytest.raises(Refused, match="Nothing is due"):
        take_command(some_facts(plan=LARGE, ledger=LEDGER), Retry(in_parts=True), moment)


def test_nothing_is_billed_in_parts_while_the_customer_is_suspended() -> None:
    facts = some_facts(plan=LARGE, ledger=LEDGER, customer=a_customer(suspended_since=DUE + timedelta(days=1)))

    with pytest.raises(BillingError):
        take_command(facts, Retry(in_parts=True), DUE + timedelta(days=3))


def test_a_purchase_is_refused_over_the_maximum_and_under_the_minimum() -> None:
    facts = StartFacts(plan_id="plan", customer=a_customer(), catalog=catalog())

    with pytest.raises(Refused, match=r"at most USD 999,999\.99"):
        start_plan(
            facts,
            StartPlan(
                tier="cloud_standard",
                schedule=Schedule.ANNUAL,
                licenses=12_501,
                license_management=LicenseManagement.MANUAL,
            ),
            START,
        )
    with pytest.raises(Refused, match=r"The purchase would be over USD 0\.40, but a charge is at least USD 0\.50"):
        start_plan(facts, StartPlan(tier="cloud_standard", schedule=Schedule.ANNUAL, fixed_price=40), START)
