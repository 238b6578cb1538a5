"""The tax of an invoice by its date, its lines with and without it, and the first invoice of a plan with it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.invoicing.tax import gross, tax_totals, treatment_of, untaxed, with_tax
from billflow.domain.plan import CollectionMethod, Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, start_plan
from billflow.domain.proration import Derivation
from billflow.domain.settings import BillingSettings
from billflow.domain.tax.policy import UNTAXED, TaxCategory, Taxpayer, TaxTimeline, Treatment
from tests.domain.builders import START, a_customer, at, catalog, seats
from tests.domain.tax.test_policy import BY_STRIPE, UNION, rate

SWISS = a_customer(taxpayer=Taxpayer(country="CH"))
TAXED = BillingSettings(tax=TaxTimeline((UNION,)))
PERIOD = Period(at("2026-01-01"), at("2026-02-01"))
CREDIT = Line(LineKind.CREDIT_TO_BALANCE, "Credit", Derivation(price=100, quantity=1, period=PERIOD))
STANDARD = Treatment(category=TaxCategory.STANDARD, rates=(rate("DE", "19"),))


def a_line(amount: int) -> Line:
    return Line(LineKind.RENEWAL, "Team", Derivation(price=amount, quantity=1, period=PERIOD))


def test_an_invoice_is_taxed_at_the_rate_of_its_own_date() -> None:
    moments = (at("2026-06-30T23:59:59"), at("2026-07-01"))

    assert [treatment_of(TAXED, SWISS, moment).rates[0].percent for moment in moments] == [
        Decimal("7.7"),
        Decimal("8.1"),
    ]


def test_lines_are_without_tax_again_as_they_were_before_it() -> None:
    lines = [a_line(1000), CREDIT]
    taxed = with_tax(lines, STANDARD, "EUR")

    assert [(line.kind, line.tax) for line in taxed] == [
        (LineKind.RENEWAL, 190),
        (LineKind.TAX, 190),
        (LineKind.CREDIT_TO_BALANCE, 0),
    ]
    assert untaxed(taxed) == lines
    assert with_tax(taxed, UNTAXED, "EUR") == lines
    assert [gross(taxed[0], inclusive=inclusive) for inclusive in (True, False)] == [1000, 1190]


def test_an_invoice_without_tax_comes_to_its_prices_at_none() -> None:
    [total] = tax_totals([a_line(1000), a_line(500), CREDIT])

    assert (total.base, total.tax, total.applied.category) == (1500, 0, TaxCategory.NONE)


@pytest.mark.parametrize(
    ("settings", "changes", "figures"),
    [
        # 6 x 80 and 7.7 % of it, by the rate of before July 2026
        (TAXED, {}, (480_00 + 36_96, 36_96, False)),
        (replace(TAXED, tax=TaxTimeline((BY_STRIPE,))), {}, (480_00, 0, True)),
        (TAXED, {"schedule": Schedule.ANNUAL}, (48_000 + 3_700, 3_700, False)),  # 3,696 in tens
        # a twelfth of 185.460 dinars, in tens, and 7.7 % of it rounded to tens
        (TAXED, {"schedule": Schedule.MONTHLY, "fixed_price": 185_460}, (15_460 + 1_190, 1_190, False)),
    ],
    ids=["own rates", "Stripe Tax", "dinars", "a yearly price in dinars"],
)
def test_a_purchase_is_taxed_as_of_its_date(
    settings: BillingSettings, changes: dict[str, object], figures: tuple[int, int, bool]
) -> None:
    customer = replace(SWISS, currency="KWD" if changes else "USD")
    sold = replace(catalog().tier("cloud_standard"), prices={"KWD": {Schedule.ANNUAL: 8000}})
    dinars = replace(catalog(), tiers={"cloud_standard": sold})
    facts = StartFacts(
        plan_id="plan",
        customer=customer,
        catalog=dinars if changes else catalog(),
        last_observation=seats(START, 6),
        settings=settings,
    )

    asked = replace(StartPlan(tier="cloud_standard", schedule=Schedule.ANNUAL), **changes)  # type: ignore[arg-type]
    [invoice] = start_plan(facts, asked, START).invoices

    assert (invoice.total, invoice.tax, invoice.automatic_tax) == figures
    assert {line.derivation.step for line in invoice.lines} == {10 if changes else 1}


def test_the_first_period_of_a_trial_is_due_in_whole_days_and_ends_in_february_as_the_settings_say() -> None:
    ends = {}
    for leap in (True, False):
        facts = StartFacts(
            plan_id="plan",
            customer=a_customer(),
            catalog=catalog(),
            last_observation=seats(START, 6),
            settings=BillingSettings(leap_february=leap),
        )
        asked = StartPlan(
            tier="cloud_standard",
            schedule=Schedule.MONTHLY,
            trial_days=14,
            collection_method=CollectionMethod.SEND_INVOICE,
            licenses=6,
        )
        [invoice] = start_plan(facts, asked, at("2024-01-17T10:00")).invoices
        ends[leap] = invoice.lines[0].derivation.period.end
        assert (invoice.terms.days_until_due, type(invoice.terms.days_until_due)) == (14, int)

    assert ends == {True: at("2024-02-29T10:00"), False: at("2024-02-28T10:00")}
