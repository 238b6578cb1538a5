"""Tax is rounded once for each rate, and shared out among the lines to the cent."""

from dataclasses import replace
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.calendar import Period
from billflow.domain.currencies import CURRENCIES
from billflow.domain.invoicing.draft import InvoiceDraft, InvoiceKind, Line, LineKind, PaymentTerms
from billflow.domain.invoicing.explain import explain
from billflow.domain.invoicing.parts import draft_in_parts
from billflow.domain.invoicing.tax import tax_totals, with_tax
from billflow.domain.plan import CollectionMethod
from billflow.domain.proration import Derivation
from billflow.domain.tax.amounts import most_net, net_share, shared_out, taxes
from billflow.domain.tax.policy import TAXED_BY_STRIPE, UNTAXED, TaxCategory, Treatment
from tests.domain.builders import at
from tests.domain.tax.test_policy import rate

PERIOD = Period(at("2026-01-01"), at("2026-02-01"))
HALF = Fraction(1, 2)

percentages = st.decimals("0", "30", places=3)
treatments = st.builds(
    lambda percents, inclusive: Treatment(
        category=TaxCategory.STANDARD,
        rates=tuple(rate("CA", str(one), inclusive=inclusive) for one in percents),
    ),
    st.lists(percentages, min_size=1, max_size=3),
    st.booleans(),
)
amounts = st.lists(st.integers(-10_000, 100_000), min_size=1, max_size=12)


def a_line(amount: int) -> Line:
    return Line(LineKind.RENEWAL, "Team", Derivation(price=amount, quantity=1, period=PERIOD))


@given(treatments, amounts, st.sampled_from(["USD", "JPY", "KWD"]))
def test_shares_rates_and_total_always_add_up(treatment: Treatment, net: list[int], currency: str) -> None:
    step = 10 if currency == "KWD" else 1
    lines = with_tax([a_line(amount * step) for amount in net], treatment, currency)
    of_tax = [line for line in lines if line.kind is LineKind.TAX]
    priced = [line for line in lines if line.kind is not LineKind.TAX]
    whole, percents = sum(net) * step, [Fraction(one.percent) for one in treatment.rates]
    together = sum(percents, Fraction(0)) / 100
    for line, one in zip(of_tax, treatment.rates, strict=True):
        exact = Fraction(whole) * Fraction(one.percent) / 100
        exact = exact / (1 + together) if one.inclusive else exact
        assert line.tax == floor(exact / step + HALF) * step
        assert line.amount == (0 if one.inclusive else line.tax)
        assert explain(line, currency).rounded_unit == line.tax
    assert sum(line.tax for line in priced) == sum(line.tax for line in of_tax)
    totals = list(tax_totals(lines))
    assert {one.base for one in totals} == {sum(line.amount for line in lines) - sum(one.tax for one in totals)}
    for line in priced:
        share = line.amount * together / (1 + together if treatment.inclusive else 1)
        assert abs(line.tax - share) < len(of_tax) * step


@given(treatment=treatments, most=st.integers(1_000, 99_999_999), step=st.sampled_from([1, 10]))
def test_lines_that_come_to_the_most_can_be_charged_with_their_tax_and_hardly_more(
    treatment: Treatment, most: int, step: int
) -> None:
    net = most_net(treatment, most - most % step, step)

    added = 0 if treatment.inclusive else sum(one.tax for one in taxes(treatment, [net], PERIOD, step))
    assert net % step == 0
    assert most - (len(treatment.rates) + 2) * 2 * step <= net + added <= most


@pytest.mark.parametrize(
    ("most", "step", "net"),
    [(99_999_999, 1, 66_666_666), (1_000, 10, 660), (3, 1, 2), (10**17 + 1, 1, 66_666_666_666_666_667)],
)
def test_what_stripe_will_add_is_no_more_than_half_of_the_price(most: int, step: int, net: int) -> None:
    assert most_net(TAXED_BY_STRIPE, most, step) == net


@pytest.mark.parametrize(
    ("category", "percents", "inclusive", "share"),
    [
        (TaxCategory.STANDARD, ("25",), True, Fraction(4, 5)),
        (TaxCategory.STANDARD, ("10", "15"), True, Fraction(4, 5)),
        (TaxCategory.STANDARD, ("25",), False, Fraction(1)),
        (TaxCategory.EXEMPT, ("25",), True, Fraction(1)),
        (TaxCategory.REVERSE_CHARGE, ("0",), False, Fraction(1)),
    ],
)
def test_what_is_left_of_a_price_is_all_but_the_tax_that_it_contains(
    category: TaxCategory, percents: tuple[str, ...], inclusive: bool, share: Fraction
) -> None:
    rates = tuple(rate("DE", one) for one in percents)

    assert (
        net_share(Treatment(category=category, rates=tuple(replace(one, inclusive=inclusive) for one in rates)))
        == share
    )


def test_a_rate_that_is_not_charged_is_kept_with_nothing_percent_and_its_reason() -> None:
    exempt = Treatment(category=TaxCategory.EXEMPT, rates=(rate("DE", "19", exemption="Article 132"),))

    [one] = taxes(exempt, [1000], PERIOD, 1)

    assert (one.tax, one.shares) == (0, (0,))
    assert (one.applied.percent, one.applied.exemption) == ("0", "Article 132")


def test_a_half_that_is_rounded_up_for_each_of_two_rates_is_left_room_for() -> None:
    twice = Treatment(category=TaxCategory.STANDARD, rates=(rate("CA", "5"), rate("CA", "5", region="QC")))

    # 910 and two times 45.5, rounded up, would be 1002.
    assert most_net(twice, 1001, 1) == 908


def test_what_is_left_over_goes_to_the_largest_remainders() -> None:
    assert list(shared_out(2, [Fraction(1, 5), Fraction(9, 10), Fraction(9, 10)])) == [0, 1, 1]
    assert list(shared_out(100, [Fraction(5, 2), Fraction(5, 2), Fraction(95)], 5)) == [5, 0, 95]


def test_without_tax_lines_may_come_to_the_most() -> None:
    assert most_net(UNTAXED, 1_000, 1) == 1_000
    assert most_net(Treatment(category=TaxCategory.EXEMPT, rates=(rate("DE", "19"),)), 1_000, 1) == 1_000


def test_the_example_of_the_rules() -> None:
    lines = with_tax([a_line(2997), a_line(-300)], Treatment(category=TaxCategory.STANDARD, rates=(DE,)), "EUR")
    assert [line.tax for line in lines] == [569, -57, 512]
    assert sum(line.amount for line in lines) == 3209
    assert explain(lines[-1], "EUR").sentence == "VAT 19% for DE: 19% of EUR 26.97, rounded half up = EUR 5.12."


DE = rate("DE", "19")


def test_a_price_that_contains_tax_stays_what_it_is_and_says_how_much_it_contains() -> None:
    contained = Treatment(category=TaxCategory.STANDARD, rates=(replace(DE, inclusive=True),))
    lines = with_tax([a_line(11_900)], contained, "EUR")
    assert [(line.amount, line.tax) for line in lines] == [(11_900, 1900), (0, 1900)]
    assert (lines[-1].quantity, lines[-1].derivation.less) == (1, 1900)
    assert "19/119 of EUR 119 = EUR 19, which the prices contain" in explain(lines[-1], "EUR").sentence


def test_what_is_free_of_tax_says_so() -> None:
    reverse = Treatment(category=TaxCategory.REVERSE_CHARGE, rates=(rate("FR", "0", name="Reverse charge"),))
    [_, line] = with_tax([a_line(1000)], reverse, "EUR")
    assert (line.amount, line.tax) == (0, 0)
    assert explain(line, "EUR").sentence == "Reverse charge for FR: no tax on EUR 10."
    assert [one.applied.category for one in tax_totals([line])] == [TaxCategory.REVERSE_CHARGE]


def test_each_part_of_an_invoice_is_taxed_and_can_be_charged_with_its_tax() -> None:
    standard, most = Treatment(category=TaxCategory.STANDARD, rates=(DE,)), CURRENCIES["EUR"].maximum
    line = Line(LineKind.RENEWAL, "Team", Derivation(price=most // 7, quantity=20, period=PERIOD))
    parts = draft_in_parts(replace(DRAFT, lines=tuple(with_tax([line], standard, "EUR"))), standard)
    assert len(parts) == 4
    assert all(part.total <= most and part.tax for part in parts)
    assert sum(part.total - part.tax for part in parts) == line.amount


DRAFT = InvoiceDraft(
    kind=InvoiceKind.RECURRING,
    at=PERIOD.start,
    currency="EUR",
    lines=(),
    terms=PaymentTerms(CollectionMethod.CHARGE_AUTOMATICALLY, auto_advance=True),
    statement_descriptor="Team",
)
