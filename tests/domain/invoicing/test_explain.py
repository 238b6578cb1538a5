"""Every number of a line is traced, in a sentence and as data."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.calendar import Period
from billflow.domain.catalog import Hosting
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.invoicing.explain import Explanation, Share, explain
from billflow.domain.invoicing.rules import flat_discount_line, instalment
from billflow.domain.money import Rounding, rounded
from billflow.domain.plan import Schedule
from billflow.domain.proration import Derivation, prorated
from billflow.domain.settings import BillingSettings, InstalmentRounding
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts

DUE = at("2024-02-29T10:00")
CYCLE = Period(START, DUE)


def test_a_renewal_is_licenses_times_price() -> None:
    line = process_billing_date(some_facts(), DUE).invoices[0].lines[0]

    assert explain(line, "USD").sentence == (
        "Cloud Standard - renewal, from 2024-02-29 10:00 to 2024-03-31 10:00 UTC: 10 x USD 8 = USD 80."
    )


def test_a_prorated_line_names_the_days_and_the_rounding() -> None:
    derivation = prorated(800, 3, charged=Period(START + 10 * DAY, DUE), cycle=CYCLE, percent_off="20")
    found = explain(Line(LineKind.ADDITIONAL_LICENSES, "Additional Cloud Standard license", derivation), "USD")

    assert found.share.days == (19, 29)
    assert found.share.reduced == Fraction(19, 29)
    assert (found.unit_amount, found.amount, found.unrounded) == (524, 1572, Fraction(15200, 29))
    assert found.sentence == (
        "Additional Cloud Standard license, from 2024-02-10 10:00 to 2024-02-29 10:00 UTC: "
        "3 x USD 8 x 19 of 29 days, rounded half up to USD 5.24 each = USD 15.72 (20% below list price)."
    )


def test_a_share_that_is_no_whole_days_is_a_reduced_fraction() -> None:
    derivation = prorated(800, 1, charged=Period(START + DAY / 2, DUE), cycle=CYCLE)
    found = explain(Line(LineKind.ADDITIONAL_LICENSES, "License", derivation), "USD")

    assert found.share.days is None
    assert "1 x USD 8 x 57/58 of the cycle" in found.sentence


def test_a_share_counted_in_seconds_is_told_in_days_and_hours() -> None:
    added = START + timedelta(days=16, hours=4, minutes=56, seconds=40)
    derivation = prorated(800, 2, charged=Period(added, DUE), cycle=CYCLE)
    found = explain(Line(LineKind.ADDITIONAL_LICENSES, "License", derivation, (4, 5)), "USD")

    assert found.entries == (4, 5)
    assert found.sentence == (
        "License, from 2024-02-16 14:56:40 to 2024-02-29 10:00 UTC: "
        "2 x USD 8 x 12 days 19:03:20 of 29 days, rounded half up to USD 3.53 each = USD 7.06."
    )


def test_a_flat_discount_names_its_months() -> None:
    found = explain(flat_discount_line(2000, 12, CYCLE, "USD", at_most=30_000), "USD")

    assert "12 months at USD -20 each = USD -240" in found.sentence
    assert found.amount == -24_000


def test_a_flat_discount_takes_no_more_than_is_charged() -> None:
    found = explain(flat_discount_line(2000, 1, CYCLE, "USD", at_most=700), "USD")

    assert "1 months at USD -20 each, but no more than is charged: USD 13 of it lapse = USD -7" in found.sentence
    assert found.amount == -700


def test_an_instalment_says_which_it_is() -> None:
    reference = BillingSettings(instalment_rounding=InstalmentRounding.UP)
    line = Line(LineKind.FIXED_PRICE_RENEWAL, "Plus", instalment(100_000, Schedule.MONTHLY, 3, CYCLE, reference))
    own, next_one = (
        Line(LineKind.FIXED_PRICE_RENEWAL, "Plus", instalment(100_000, Schedule.MONTHLY, n, CYCLE, BillingSettings()))
        for n in (3, 4)
    )

    assert "USD 1,000 a year / 12, rounded up = USD 83.34 (instalment 4 of 12)" in explain(line, "USD").sentence
    assert explain(own, "USD").sentence.endswith(
        "USD 1,000 a year / 12, rounded up = USD 83.34 (instalment 4 of 12, which add up exactly)."
    )
    assert "/ 12, rounded down = USD 83.33 (instalment 5 of 12" in explain(next_one, "USD").sentence


@given(seconds=st.lists(st.integers(1, 28 * 86_400), min_size=1, max_size=5, unique=True))
def test_the_numbers_of_an_explanation_make_the_amount(seconds: list[int]) -> None:
    customer = a_customer(hosting=Hosting.SELF_HOSTED, flat_discounted_months=3)
    plan = a_plan(tier="self_hosted_basic", price_per_license=350)
    grown = tuple(
        seats(START + second * (DAY / 86_400), 10 + index) for index, second in enumerate(sorted(seconds), start=1)
    )
    facts = some_facts(
        plan=plan, customer=customer, observations=(*grown, seats(DUE, 50)), ledger=(an_entry(1, START, 10),)
    )

    for line in process_billing_date(facts, DUE).invoices[0].lines:
        found = explain(line, "USD")
        assert found.unrounded == found.price * found.share.reduced
        assert found.unit_amount == rounded(found.unrounded, found.rounding)
        assert found.amount == found.unit_amount * found.quantity


def words(derivation: Derivation, kind: LineKind = LineKind.ADDITIONAL_LICENSES) -> str:
    """Return what the sentence says after the description and the period."""
    return explain(Line(kind, "License", derivation), "USD").sentence.partition(" UTC: ")[2]


HOUR = timedelta(hours=1)
THOUSAND = Period(START, START + 1000 * HOUR)


@pytest.mark.parametrize(
    ("derivation", "said"),
    [
        (Derivation(price=800, quantity=1, period=CYCLE), "1 x USD 8 = USD 8."),
        (Derivation(price=800, quantity=1, period=CYCLE, cycle=CYCLE), "1 x USD 8 = USD 8."),
        (
            prorated(1000, 2, charged=Period(START, START + HOUR), cycle=THOUSAND),
            "2 x USD 10 x 0 days 1:00:00 of 41 days 16:00:00 = USD 0.02.",
        ),
        (
            prorated(999, 1, charged=Period(START, START + HOUR), cycle=Period(START, START + 999 * HOUR)),
            "1 x USD 9.99 x 1/999 of the cycle = USD 0.01.",
        ),
        (
            prorated(801, 1, charged=Period(START + 29 * DAY / 2, DUE), cycle=CYCLE),
            "1 x USD 8.01 x 1/2 of the cycle, rounded half up = USD 4.01.",
        ),
        (
            prorated(801, 3, charged=Period(START + 29 * DAY / 2, DUE), cycle=CYCLE),
            "3 x USD 8.01 x 1/2 of the cycle, rounded half up to USD 4.01 each = USD 12.03.",
        ),
        (
            replace(prorated(800, 1, charged=Period(START + DAY, DUE), cycle=CYCLE, percent_off="20"), note="why"),
            "1 x USD 8 x 28 of 29 days, rounded half up = USD 7.72 (20% below list price, why).",
        ),
        (Derivation(price=800, quantity=2, period=CYCLE, note="why"), "2 x USD 8 = USD 16 (why)."),
    ],
)
def test_a_share_is_told_in_the_words_that_say_most(derivation: Derivation, said: str) -> None:
    assert words(derivation) == said


def test_the_two_numbers_of_a_share_are_days_only_where_both_are_whole() -> None:
    period, odd = Period(START + DAY, DUE), Period(START + DAY, DUE + HOUR)

    assert explain(Line(LineKind.RENEWAL, "", prorated(8, 1, charged=period, cycle=CYCLE)), "USD").share.days == (
        28,
        29,
    )
    assert explain(Line(LineKind.RENEWAL, "", prorated(8, 1, charged=odd, cycle=CYCLE)), "USD").share.days is None
    longer = prorated(8, 1, charged=period, cycle=Period(START, DUE + HOUR))
    assert explain(Line(LineKind.RENEWAL, "", longer), "USD").share.days is None
    assert explain(Line(LineKind.RENEWAL, "", Derivation(price=8, quantity=1, period=CYCLE)), "USD").share.days is None


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (START, "2024-01-31 10:00"),
        (START + timedelta(seconds=9), "2024-01-31 10:00:09"),
        (START + timedelta(microseconds=50), "2024-01-31 10:00:00.000050"),
    ],
)
def test_a_moment_is_told_as_exactly_as_it_has_to_be(moment: datetime, said: str) -> None:
    line = Line(LineKind.RENEWAL, "License", Derivation(price=1, quantity=1, period=Period(moment, DUE)))

    assert explain(line, "USD").sentence == f"License, from {said} to 2024-02-29 10:00 UTC: 1 x USD 0.01 = USD 0.01."


def test_an_explanation_has_every_number_of_its_line() -> None:
    derivation = prorated(800, 3, charged=Period(START + 10 * DAY, DUE), cycle=CYCLE, percent_off="20")
    line = Line(LineKind.ADDITIONAL_LICENSES, "License", replace(derivation, note="why"), (4, 5))

    found = explain(line, "EUR")

    assert found == Explanation(
        kind=LineKind.ADDITIONAL_LICENSES,
        description="License",
        currency="EUR",
        price=800,
        quantity=3,
        period=Period(START + 10 * DAY, DUE),
        cycle=CYCLE,
        share=Share(
            numerator=19 * 86_400_000_000, denominator=29 * 86_400_000_000, reduced=Fraction(19, 29), days=(19, 29)
        ),
        unrounded=Fraction(15200, 29),
        rounding=Rounding.HALF_UP,
        rounded_unit=524,
        less=0,
        unit_amount=524,
        amount=1572,
        list_price_discount="20",
        note="why",
        entries=(4, 5),
        sentence=found.sentence,
    )
