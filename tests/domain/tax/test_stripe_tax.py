"""What Stripe computed for an invoice becomes tax lines and shares that add up to it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.invoicing.stripe_tax import ComputedTax, taxed_by_stripe
from billflow.domain.invoicing.tax import tax_totals
from billflow.domain.proration import Derivation
from billflow.domain.tax.amounts import AppliedTax
from billflow.domain.tax.policy import TaxCategory
from tests.domain.builders import at

PERIOD = Period(at("2026-01-01"), at("2026-02-01"))
VAT = AppliedTax(category=TaxCategory.STANDARD, name="VAT", percent="19", jurisdiction="DE")
CITY = AppliedTax(category=TaxCategory.STANDARD, name="Sales tax", percent="1.5", jurisdiction="US-TX")
NOT_COLLECTED = AppliedTax(category=TaxCategory.NONE, name="", percent="0", jurisdiction="")


def a_line(amount: int) -> Line:
    return Line(LineKind.RENEWAL, "Team", Derivation(price=amount, quantity=1, period=PERIOD))


def on(applied: AppliedTax, base: int, tax: int) -> ComputedTax:
    return ComputedTax(applied=applied, base=base, tax=tax)


taxed_lines = st.lists(
    st.tuples(st.integers(-50_000, 100_000), st.integers(0, 20_000), st.integers(0, 2000)), min_size=1, max_size=12
)


@given(taxed_lines, st.integers(1, 12))
def test_shares_rates_and_total_add_up_to_what_stripe_says(rows: list[tuple[int, int, int]], known: int) -> None:
    lines = {str(n): a_line(amount) for n, (amount, _, _) in enumerate(rows)}
    computed = {
        str(n): (on(VAT, amount, vat if amount > 0 else -vat), on(CITY, amount, city if amount > 0 else -city))
        for n, (amount, vat, city) in enumerate(rows[:known])
    }
    by_stripe = [
        sum(one.tax for of_line in computed.values() for one in of_line if one.applied == it) for it in (VAT, CITY)
    ]
    taxed = taxed_by_stripe(lines, computed)
    of_tax = [line for line in taxed if line.kind is LineKind.TAX]
    assert [line.tax for line in of_tax] == [line.amount for line in of_tax] == by_stripe
    assert sum(line.tax for line in taxed[: len(rows)]) == sum(by_stripe)
    assert sum(line.amount for line in taxed) == max(sum(amount for amount, _, _ in rows) + sum(by_stripe), 0)
    assert [explain(line, "USD").amount for line in of_tax] == by_stripe


def test_a_tax_line_keeps_base_rate_and_whose_tax_it_is() -> None:
    taxed = taxed_by_stripe(
        {"a": a_line(1003), "b": a_line(1003)}, {"a": (on(VAT, 1003, 191),), "b": (on(VAT, 1003, 191),)}
    )
    [total] = tax_totals(taxed)
    assert (total.base, total.tax, total.applied) == (2006, 382, VAT)
    assert explain(taxed[-1], "EUR").sentence == "VAT 19% for DE: 19% of EUR 20.06 = EUR 3.82, as Stripe computed it."


def test_what_stripe_takes_off_the_base_is_explained() -> None:
    taxed = taxed_by_stripe({"a": a_line(10_000)}, {"a": (on(CITY, 8000, 120),)})
    assert explain(taxed[-1], "USD").sentence == (
        "Sales tax 1.5% for US-TX: 1.5% of USD 80 = USD 1.20, as Stripe computed it."
    )


def test_lines_that_stripe_sums_up_share_their_tax() -> None:
    taxed = taxed_by_stripe({"a": a_line(100), "b": a_line(200), "c": a_line(100)}, {"a": (), "b": (on(VAT, 300, 57),)})
    assert [line.tax for line in taxed[:3]] == [0, 38, 19]


def test_where_nothing_is_collected_there_is_no_tax_line() -> None:
    taxed = taxed_by_stripe({"a": a_line(100)}, {"a": (on(NOT_COLLECTED, 0, 0),)})
    assert [line.kind for line in taxed] == [LineKind.RENEWAL]
    assert [(one.applied.category, one.base) for one in tax_totals(taxed)] == [(TaxCategory.NONE, 100)]


def test_what_exceeds_the_charges_goes_onto_the_balance_with_its_tax() -> None:
    taxed = taxed_by_stripe({"a": a_line(-1000)}, {"a": (on(VAT, -1000, -190),)})
    assert [(line.kind, line.amount) for line in taxed[1:]] == [
        (LineKind.TAX, -190),
        (LineKind.CREDIT_TO_BALANCE, 1190),
    ]


def test_one_minor_unit_goes_onto_the_balance_as_well_and_nothing_does_not() -> None:
    def credits_of(more: int) -> list[Line]:
        taxed = taxed_by_stripe({"a": a_line(-1000), "b": a_line(more)}, {"a": (), "b": ()})
        return [line for line in taxed if line.kind is LineKind.CREDIT_TO_BALANCE]

    one = Derivation(price=1, quantity=1, period=PERIOD)
    assert credits_of(1000) == []
    assert credits_of(999) == [Line(LineKind.CREDIT_TO_BALANCE, "Credit to the balance", one)]


def test_the_first_line_has_no_tax_where_stripe_does_not_know_it_and_lines_over_nothing_share_alike() -> None:
    first = taxed_by_stripe({"a": a_line(100), "b": a_line(200)}, {"b": (on(VAT, 200, 38),)})
    alike = taxed_by_stripe({"a": a_line(100), "b": a_line(-100)}, {"a": (on(VAT, 10, 2),)})

    assert [line.tax for line in first[:2]] == [0, 38]
    assert [line.tax for line in alike[:2]] == [1, 1]


def test_a_tax_that_prices_contain_adds_nothing_and_one_that_is_not_charged_has_no_rate() -> None:
    reverse = replace(VAT, category=TaxCategory.REVERSE_CHARGE, name="Reverse charge", percent="0")
    contained, free = (
        taxed_by_stripe({"a": a_line(1190)}, {"a": (one,)})[-1]
        for one in (on(replace(VAT, inclusive=True), 1000, 190), on(reverse, 1190, 0))
    )

    assert (contained.description, contained.amount, contained.tax) == ("VAT 19%", 0, 190)
    assert contained.derivation.note == "computed by Stripe Tax"
    assert (free.description, free.amount, free.tax) == ("Reverse charge", 0, 0)
