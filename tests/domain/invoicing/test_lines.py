"""What each line says: its kind, words, price, period, share and the ledger entries it bills, written out."""

from dataclasses import replace
from datetime import datetime

import pytest

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.calendar import Period
from billflow.domain.catalog import Hosting
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.invoicing.rules import flat_discount, flat_discount_line, flat_discount_months, instalment
from billflow.domain.money import Rounding
from billflow.domain.plan import Schedule
from billflow.domain.proration import Derivation
from billflow.domain.settings import BillingSettings, InstalmentRounding
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts

DUE = at("2024-02-29T10:00")
NEXT = at("2024-03-31T10:00")
CYCLE = Period(START, DUE)
FIXED = a_plan(price_per_license=None, fixed_price=100_000, end_date=at("2025-01-31T10:00"))


def lines(facts: Facts) -> tuple[Line, ...]:
    [invoice] = process_billing_date(facts, DUE).invoices
    return invoice.lines


def test_a_renewal_bills_its_licenses_in_advance_at_the_frozen_price() -> None:
    facts = some_facts(plan=a_plan(price_per_license=600, discount_percent="25"), ledger=(an_entry(1, START, 10, 7),))

    assert lines(facts) == (
        Line(
            LineKind.RENEWAL,
            "Cloud Standard - renewal",
            Derivation(price=600, quantity=7, period=Period(DUE, NEXT), percent_off="25"),
            (2,),
        ),
    )


def test_a_renewal_of_a_plan_that_ends_within_the_cycle_is_for_the_whole_price_and_cycle() -> None:
    [line] = lines(some_facts(plan=a_plan(end_date=DUE + 10 * DAY)))

    assert (line.derivation.period, line.amount) == (Period(DUE, NEXT), 8000)


def test_additions_bill_the_rest_of_their_cycle() -> None:
    plan = a_plan(price_per_license=600, discount_percent="25")
    added = START + 20 * DAY
    facts = some_facts(plan=plan, observations=(seats(added, 12), seats(added + DAY / 24, 13)))

    _, addition = lines(facts)

    assert addition == Line(
        LineKind.ADDITIONAL_LICENSES,
        "Additional Cloud Standard license",
        Derivation(
            price=600,
            quantity=3,
            numerator=9 * 86_400_000_000,
            denominator=29 * 86_400_000_000,
            rounding=Rounding.HALF_UP,
            period=Period(added, DUE),
            cycle=CYCLE,
            percent_off="25",
        ),
        (2, 3),
    )
    assert (addition.unit_amount, addition.amount) == (186, 558)


@pytest.mark.parametrize("ends", [DUE - 9 * DAY, DUE + 15 * DAY])
def test_additions_to_a_plan_with_an_end_date_are_billed_to_whichever_ends_first(ends: datetime) -> None:
    when = min(DUE, ends)
    facts = some_facts(plan=a_plan(end_date=ends), observations=(seats(START + DAY, 11),))

    [invoice] = process_billing_date(facts, when).invoices
    [addition] = [line for line in invoice.lines if line.kind is LineKind.ADDITIONAL_LICENSES]

    assert addition.derivation.period == Period(START + DAY, when)
    assert addition.derivation.cycle == CYCLE


def test_a_renewal_of_a_fixed_price_bills_the_next_instalment_whatever_the_licenses() -> None:
    facts = some_facts(plan=FIXED, observations=(seats(START + DAY, 40),))

    assert lines(facts) == (
        Line(
            LineKind.FIXED_PRICE_RENEWAL,
            "Cloud Standard - renewal",
            Derivation(
                price=100_000,
                quantity=1,
                denominator=12,
                rounding=Rounding.UP,
                period=Period(DUE, NEXT),
                note="instalment 2 of 12, which add up exactly",
            ),
            (3,),
        ),
    )


def test_an_instalment_is_counted_on_the_calendar_of_the_reference_too() -> None:
    due = at("2024-02-28T10:00")
    settings = BillingSettings(leap_february=False, instalment_rounding=InstalmentRounding.UP)
    facts = some_facts(plan=replace(FIXED, next_invoice_date=due), settings=settings)

    [invoice] = process_billing_date(facts, due).invoices

    assert [line.derivation.note for line in invoice.lines] == ["instalment 2 of 12"]


@pytest.mark.parametrize(
    ("index", "amount", "rounding", "note"),
    [
        (0, 8334, Rounding.UP, "instalment 1 of 12"),
        (3, 8334, Rounding.UP, "instalment 4 of 12"),
        (4, 8333, Rounding.DOWN, "instalment 5 of 12"),
        (11, 8333, Rounding.DOWN, "instalment 12 of 12"),
        (12, 8334, Rounding.UP, "instalment 1 of 12"),
    ],
)
def test_the_larger_instalments_come_first(index: int, amount: int, rounding: Rounding, note: str) -> None:
    own = instalment(100_000, Schedule.MONTHLY, index, CYCLE, BillingSettings())
    reference = instalment(
        100_000, Schedule.MONTHLY, index, CYCLE, BillingSettings(instalment_rounding=InstalmentRounding.UP)
    )

    assert (own.amount, own.rounding, own.note) == (amount, rounding, f"{note}, which add up exactly")
    assert (reference.amount, reference.rounding, reference.note) == (8334, Rounding.UP, note)


def test_a_year_at_a_fixed_price_is_paid_at_once_where_the_plan_is_annual() -> None:
    assert instalment(100_000, Schedule.ANNUAL, 3, CYCLE, BillingSettings()) == Derivation(
        price=100_000, quantity=1, period=CYCLE, note="fixed price"
    )


def test_the_flat_discount_says_what_it_takes_off() -> None:
    assert flat_discount_line(2050, 7, CYCLE, "EUR", at_most=100_000) == Line(
        LineKind.FLAT_DISCOUNT,
        "EUR 20.50 per month new customer discount",
        Derivation(price=-2050, quantity=1, numerator=7, period=CYCLE, note="7 discounted months"),
    )


@pytest.mark.parametrize(
    ("schedule", "left", "months"),
    [
        (Schedule.ANNUAL, 12, 12),
        (Schedule.ANNUAL, 7, 7),
        (Schedule.ANNUAL, 20, 12),
        (Schedule.MONTHLY, 7, 1),
        (Schedule.MONTHLY, 0, 0),
    ],
)
def test_an_invoice_uses_up_the_months_it_pays_for(schedule: Schedule, left: int, months: int) -> None:
    assert flat_discount_months(schedule, a_customer(flat_discounted_months=left)) == months


SERVER = a_customer(hosting=Hosting.SELF_HOSTED, flat_discount=1500, flat_discounted_months=7)


def test_the_flat_discount_is_for_the_period_of_the_line_that_begins_a_cycle() -> None:
    plan = a_plan(tier="self_hosted_basic", price_per_license=350, currency="EUR")
    period = Period(DUE, NEXT)
    addition, renewal, first = (
        Line(kind, "", Derivation(price=350, quantity=9, period=period if kind is LineKind.RENEWAL else CYCLE))
        for kind in (LineKind.ADDITIONAL_LICENSES, LineKind.RENEWAL, LineKind.INITIAL_UPGRADE)
    )

    assert flat_discount(plan, SERVER, [addition, renewal]) == flat_discount_line(
        1500, 1, period, "EUR", at_most=100_000
    )
    assert flat_discount(plan, SERVER, [first]) == flat_discount_line(1500, 1, CYCLE, "EUR", at_most=100_000)
    assert flat_discount(plan, SERVER, [addition]) is None
    assert flat_discount(plan, replace(SERVER, flat_discounted_months=0), [renewal]) is None
    assert flat_discount(plan, replace(SERVER, hosting=Hosting.CLOUD), [renewal]) is None
