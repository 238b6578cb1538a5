"""Tax in a plan's life: what isn't used is credited with its tax, and a missing address holds a renewal."""

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest

from billflow.domain.additions import BilledAddition
from billflow.domain.billing_dates import process_billing_date
from billflow.domain.calendar import Period
from billflow.domain.commands import UpgradeTierNow
from billflow.domain.errors import Refused
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.lifecycle import take_command
from billflow.domain.preview import forecast
from billflow.domain.proration import prorated
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts
from billflow.domain.tax.policy import Taxpayer, TaxTimeline
from tests.domain.any_life import SECOND
from tests.domain.builders import DAY, START, a_customer, a_plan, at, seats, some_facts
from tests.domain.life import Reporting
from tests.domain.tax.test_policy import BY_STRIPE, UNION

TAXED = BillingSettings(tax=TaxTimeline((UNION,)))
GERMAN = a_customer(taxpayer=Taxpayer(country="DE"))
DUE, NEXT = at("2024-02-29T10:00"), at("2024-03-31T10:00")


def renewing(**changes: object) -> Facts:
    return replace(some_facts(customer=GERMAN, settings=TAXED), **changes)  # type: ignore[arg-type]


def test_a_change_of_tier_credits_the_tax_of_what_is_not_used() -> None:
    life = Reporting(renewing(), observations=[seats(START, 10)])
    life.observe(seats(DUE + SECOND, 10))
    life.backfill(DUE)
    [renewal] = life.invoices
    assert (renewal.total, renewal.tax) == (9520, 1520)

    half = DUE + (NEXT - DUE) / 2
    outcome = life.command(UpgradeTierNow(tier="cloud_plus"), half)

    assert outcome.credit == 9520 // 2


def test_what_an_earlier_end_credits_goes_onto_the_balance_with_its_tax() -> None:
    derivation = prorated(800, 2, charged=Period(START + DAY, DUE), cycle=Period(START, DUE))
    addition = BilledAddition(
        seq=2, description="Additional Team license", derivation=derivation, unit=derivation.unit_amount, until=DUE
    )
    ends = START + 10 * DAY
    plan = a_plan(end_date=ends, next_invoice_date=ends)
    facts = renewing(plan=plan, additions=(addition,), observations=(seats(ends, 10),))

    [invoice] = process_billing_date(facts, ends).invoices

    by_kind = {line.kind: line.amount for line in invoice.lines}
    credited, tax = by_kind[LineKind.END_DATE_CHANGE], by_kind[LineKind.TAX]
    assert tax == -floor(Fraction(-credited * 19, 100) + Fraction(1, 2))
    assert by_kind[LineKind.CREDIT_TO_BALANCE] == -(credited + tax)
    assert invoice.total == 0


def test_a_renewal_without_an_address_is_held_with_its_code_and_a_command_is_refused() -> None:
    unknown = renewing(customer=a_customer(), observations=(seats(DUE, 10),))
    with pytest.raises(Refused) as held:
        process_billing_date(unknown, DUE)
    assert (held.value.code, held.value.field) == ("tax_address_missing", "billing_address.country")
    foreseen = forecast(unknown, 1, now=START)
    assert foreseen.on_hold is not None
    assert foreseen.on_hold.code == "tax_address_missing"
    with pytest.raises(Refused, match="needs its country"):
        take_command(unknown, UpgradeTierNow(tier="cloud_plus"), START + DAY)


def test_what_stripe_taxes_is_billed_net_and_says_so() -> None:
    by_stripe = BillingSettings(tax=TaxTimeline((BY_STRIPE,)))

    for settings, expected in ((by_stripe, (8000, 0, True)), (TAXED, (9520, 1520, False))):
        [invoice] = process_billing_date(renewing(settings=settings, observations=(seats(DUE, 10),)), DUE).invoices
        assert (invoice.total, invoice.tax, invoice.automatic_tax) == expected


def test_a_forecast_taxes_each_invoice_by_its_own_date() -> None:
    from_april = TaxTimeline((replace(UNION, since=at("2024-03-15")),))
    facts = renewing(settings=BillingSettings(tax=from_april), observations=(seats(START, 10),))
    assert [one.tax for one in forecast(facts, 2, now=START).invoices] == [0, 1520]
