"""Invoices as they are handed over, whole: the recurring one, the purchase, and the one that buys a trial."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.calendar import Period
from billflow.domain.catalog import Hosting
from billflow.domain.invoicing.draft import (
    InvoiceDraft,
    InvoiceKind,
    Line,
    LineKind,
    PaymentTerms,
    payment_terms,
    statement_descriptor,
)
from billflow.domain.invoicing.purchase import purchase_invoice, trial_invoice
from billflow.domain.invoicing.rules import flat_discount_line, instalment
from billflow.domain.ledger import Disposition
from billflow.domain.plan import CollectionMethod, Plan, PlanStatus, Schedule
from billflow.domain.proration import Derivation
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts, Step
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts

DUE = at("2024-02-29T10:00")
NEXT = at("2024-03-31T10:00")
BY_CARD, BY_INVOICE = CollectionMethod.CHARGE_AUTOMATICALLY, CollectionMethod.SEND_INVOICE
SETTINGS = BillingSettings(days_until_due=20, purchase_days_until_due=3)


def server(plan: Plan, **changes: object) -> Facts:
    """Return the facts of a self-hosted customer with seven months of discount left, whose server has reported."""
    customer = a_customer(hosting=Hosting.SELF_HOSTED, flat_discounted_months=7)
    facts = some_facts(plan=plan, customer=customer, observations=(seats(DUE, 10),), settings=SETTINGS)
    return replace(facts, **changes)  # type: ignore[arg-type]


BASIC = a_plan(tier="self_hosted_basic", price_per_license=350, currency="EUR", collection_method=BY_INVOICE)


def test_a_recurring_invoice_is_made_of_its_lines_and_the_discount_of_a_month() -> None:
    outcome = process_billing_date(server(BASIC), DUE)

    period = Period(DUE, NEXT)
    renewal = Line(LineKind.RENEWAL, "Basic - renewal", Derivation(price=350, quantity=10, period=period), (2,))
    assert outcome.invoices == (
        InvoiceDraft(
            kind=InvoiceKind.RECURRING,
            at=DUE,
            currency="EUR",
            lines=(renewal, flat_discount_line(2000, 1, period, "EUR", at_most=100_000)),
            terms=PaymentTerms(BY_INVOICE, auto_advance=True, days_until_due=20),
            statement_descriptor="Basic",
            flat_discount_months=1,
        ),
    )
    assert outcome.invoices[0].total == 1500
    assert outcome.customer.flat_discounted_months == 6


def test_an_invoice_over_additions_alone_uses_up_no_discount() -> None:
    annual = replace(BASIC, schedule=Schedule.ANNUAL, price_per_license=4200)
    grown = (seats(START + DAY, 12), seats(DUE, 12))

    outcome = process_billing_date(server(annual, observations=grown), DUE)

    assert [line.kind for line in outcome.invoices[0].lines] == [LineKind.ADDITIONAL_LICENSES]
    assert (outcome.invoices[0].flat_discount_months, outcome.customer.flat_discounted_months) == (0, 7)


@pytest.mark.parametrize(
    ("plan", "reported", "allocated"),
    [
        (a_plan(), (seats(START + DAY, 12),), {2: Disposition.BILLED, 3: Disposition.BILLED}),
        (a_plan(), (seats(START + DAY, 9),), {2: Disposition.NOTHING_TO_BILL, 3: Disposition.BILLED}),
        (a_plan(status=PlanStatus.FREE_TRIAL, next_invoice_date=NEXT), (seats(START + DAY, 12),), {}),
    ],
)
def test_every_open_entry_is_allocated_once_as_billed_or_not_and_in_a_trial_not_at_all(
    plan: Plan, reported: tuple[object, ...], allocated: dict[int, Disposition]
) -> None:
    outcome = process_billing_date(some_facts(plan=plan, observations=reported), DUE)

    assert outcome.allocated == allocated


def test_what_is_never_billed_allocates_its_entries_without_an_invoice() -> None:
    free = a_plan(
        tier="self_hosted_complimentary", price_per_license=0, schedule=Schedule.ANNUAL, next_invoice_date=DUE
    )
    outcome = process_billing_date(server(free, ledger=(an_entry(1, START, 10, allocated=False),)), DUE)

    assert (outcome.allocated, outcome.invoices) == ({1: Disposition.NOTHING_TO_BILL}, ())


@pytest.mark.parametrize(("bundle", "quantities"), [(True, [3]), (False, [1, 2])])
def test_additions_of_a_day_are_bundled_where_the_organization_wants_it(bundle: bool, quantities: list[int]) -> None:
    reported = (seats(START + DAY, 11), seats(START + DAY + timedelta(hours=1), 13))
    facts = some_facts(observations=reported, settings=BillingSettings(bundle_additions_by_date=bundle))

    lines = process_billing_date(facts, DUE).invoices[0].lines

    assert [line.quantity for line in lines if line.kind is LineKind.ADDITIONAL_LICENSES] == quantities


def step(plan: Plan, moment: datetime = START + timedelta(microseconds=250), **changes: object) -> Step:
    return Step.begin(server(plan, **changes), moment)


def test_a_purchase_bills_the_first_cycle_from_its_second_on() -> None:
    plan = replace(BASIC, discount_percent="10", schedule=Schedule.ANNUAL, price_per_license=3780)
    buying = step(plan)

    invoice = purchase_invoice(buying, 12)

    period = Period(START, at("2025-01-31T10:00"))
    line = Line(LineKind.INITIAL_UPGRADE, "Basic", Derivation(price=3780, quantity=12, period=period, percent_off="10"))
    assert invoice == InvoiceDraft(
        kind=InvoiceKind.PURCHASE,
        at=START + timedelta(microseconds=250),
        currency="EUR",
        lines=(line, flat_discount_line(2000, 7, period, "EUR", at_most=100_000)),
        terms=PaymentTerms(BY_INVOICE, auto_advance=True, days_until_due=3),
        statement_descriptor="Basic",
        flat_discount_months=7,
        licenses=12,
    )
    assert invoice.total == 12 * 3780 - 7 * 2000
    assert buying.customer.flat_discounted_months == 0


@pytest.mark.parametrize(
    ("leap_february", "fixed_price", "ends"),
    [
        (True, None, "2024-02-29T10:00"),
        (False, None, "2024-02-28T10:00"),
        (True, 100_000, "2025-01-31T10:00"),
    ],
)
def test_a_purchase_is_for_a_cycle_or_a_year_at_a_fixed_price(
    leap_february: bool, fixed_price: int | None, ends: str
) -> None:
    settings = replace(SETTINGS, leap_february=leap_february)
    plan = BASIC if fixed_price is None else replace(BASIC, price_per_license=None, fixed_price=fixed_price)

    invoice = purchase_invoice(step(plan, settings=settings), 12)

    assert invoice.lines[0].derivation.period == Period(START, at(ends))


def test_a_purchase_at_a_fixed_price_is_the_first_instalment_and_has_no_discount() -> None:
    plan = replace(BASIC, price_per_license=None, fixed_price=100_000)
    buying = step(plan)

    invoice = purchase_invoice(buying, 12)

    period = Period(START, at("2025-01-31T10:00"))
    first = instalment(100_000, Schedule.MONTHLY, 0, period, SETTINGS)
    assert invoice.lines == (Line(LineKind.FIXED_PRICE_UPGRADE, "Basic", first),)
    assert (invoice.total, invoice.flat_discount_months, invoice.licenses) == (8334, 0, 12)
    assert buying.customer.flat_discounted_months == 7


def test_a_tier_that_costs_nothing_is_bought_for_nothing() -> None:
    buying = step(replace(BASIC, price_per_license=0), customer=a_customer())

    assert purchase_invoice(buying, 12).total == 0


def test_the_invoice_that_buys_a_trial_is_for_the_cycle_after_it_and_due_when_it_ends() -> None:
    plan = replace(BASIC, status=PlanStatus.FREE_TRIAL, next_invoice_date=at("2024-03-31T10:00"))
    trial = step(plan)

    invoice = trial_invoice(trial, 12)

    period = Period(at("2024-03-31T10:00"), at("2024-04-30T10:00"))
    assert invoice == InvoiceDraft(
        kind=InvoiceKind.TRIAL_PURCHASE,
        at=START + timedelta(microseconds=250),
        currency="EUR",
        lines=(
            Line(LineKind.INITIAL_UPGRADE, "Basic", Derivation(price=350, quantity=12, period=period)),
            flat_discount_line(2000, 1, period, "EUR", at_most=100_000),
        ),
        terms=PaymentTerms(BY_INVOICE, auto_advance=True, days_until_due=60),
        statement_descriptor="Basic",
        flat_discount_months=1,
        licenses=12,
    )
    assert trial.customer.flat_discounted_months == 6


def test_the_cycle_after_a_trial_follows_the_calendar_of_the_organization() -> None:
    plan = replace(BASIC, status=PlanStatus.FREE_TRIAL, next_invoice_date=START)
    reference = replace(SETTINGS, leap_february=False)

    invoice = trial_invoice(step(plan, START - 30 * DAY, settings=reference), 12)

    assert invoice.lines[0].derivation.period == Period(START, at("2024-02-28T10:00"))


@pytest.mark.parametrize(
    ("collection", "purchase", "trial_days", "terms"),
    [
        (BY_CARD, True, None, PaymentTerms(BY_CARD, auto_advance=False)),
        (BY_CARD, False, None, PaymentTerms(BY_CARD, auto_advance=True)),
        (BY_INVOICE, True, None, PaymentTerms(BY_INVOICE, auto_advance=True, days_until_due=3)),
        (BY_INVOICE, False, None, PaymentTerms(BY_INVOICE, auto_advance=True, days_until_due=20)),
        (BY_INVOICE, True, 14, PaymentTerms(BY_INVOICE, auto_advance=True, days_until_due=14)),
        (BY_INVOICE, True, 0, PaymentTerms(BY_INVOICE, auto_advance=True, days_until_due=0)),
    ],
)
def test_an_invoice_is_paid_as_its_plan_is(
    collection: CollectionMethod, purchase: bool, trial_days: int | None, terms: PaymentTerms
) -> None:
    assert payment_terms(collection, purchase=purchase, settings=SETTINGS, trial_days=trial_days) == terms


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Basic", "Basic"),
        ("Exactly 22 characters.", "Exactly 22 characters."),
        ("Cut at 22 characters, not later", "Cut at 22 characters,"),
        ("A blank at the twenty second", "A blank at the twenty"),
    ],
)
def test_a_statement_has_no_blank_at_its_end(name: str, shown: str) -> None:
    assert statement_descriptor(name) == shown
