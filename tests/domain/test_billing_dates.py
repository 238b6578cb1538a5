"""Closing a billing date: when it is, what is due then, and what is asked for before it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from billflow.domain.billing_dates import (
    live_up_to_command,
    next_invoice_date,
    process_billing_date,
    review_is_due,
)
from billflow.domain.commands import SetLicenses
from billflow.domain.cycle import next_billing_cycle
from billflow.domain.errors import NeedsAttention
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import InvoicingStatus, LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts, Step
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts

INSTANT = timedelta(microseconds=1)
DUE = at("2024-02-29T10:00")
OWN, REFERENCE = BillingSettings(), BillingSettings(leap_february=False)
FIXED = a_plan(price_per_license=None, fixed_price=100_000, end_date=DUE + timedelta(days=62))


@pytest.mark.parametrize(
    ("plan", "settings", "date"),
    [
        (a_plan(next_invoice_date=START), OWN, DUE),
        (a_plan(next_invoice_date=START), REFERENCE, at("2024-02-28T10:00")),
        (a_plan(next_invoice_date=DUE), OWN, at("2024-03-31T10:00")),
        (a_plan(next_invoice_date=DUE, schedule=Schedule.ANNUAL), OWN, at("2024-03-31T10:00")),
        (a_plan(next_invoice_date=None), OWN, None),
        (a_plan(next_invoice_date=DUE, status=PlanStatus.ENDED), OWN, None),
    ],
)
def test_the_next_invoice_is_a_month_on_from_the_anchor(
    plan: Plan, settings: BillingSettings, date: datetime | None
) -> None:
    assert next_invoice_date(plan, settings) == date


def test_a_billing_date_that_is_closed_is_done_and_the_next_one_is_set() -> None:
    plan = a_plan(invoicing_status=InvoicingStatus.NEEDS_ATTENTION)
    settings = BillingSettings(leap_february=False)

    outcome = process_billing_date(
        some_facts(plan=replace(plan, next_invoice_date=at("2024-02-28T10:00")), settings=settings),
        at("2024-02-28T10:00"),
    )

    assert outcome.plan.invoicing_status is InvoicingStatus.DONE
    assert outcome.plan.next_invoice_date == at("2024-03-31T10:00")
    assert outcome.at == at("2024-02-28T10:00")


@pytest.mark.parametrize("leap_february", [True, False])
def test_the_clock_runs_during_a_suspension_and_nothing_is_charged(leap_february: bool) -> None:
    facts = some_facts(
        plan=a_plan(next_invoice_date=START),
        customer=a_customer(suspended_since=START - DAY),
        settings=BillingSettings(leap_february=leap_february),
    )

    outcome = process_billing_date(facts, START)

    assert (outcome.invoices, outcome.entries) == ((), ())
    assert outcome.plan.next_invoice_date == (DUE if leap_february else at("2024-02-28T10:00"))


def test_what_was_seen_before_a_suspension_counts_and_what_came_with_it_does_not() -> None:
    since = START + 2 * DAY
    facts = some_facts(
        customer=a_customer(suspended_since=since),
        observations=(seats(since - INSTANT, 12), seats(since, 40)),
    )

    outcome = process_billing_date(facts, DUE)

    assert [(e.event_time, e.licenses) for e in outcome.entries] == [(since - INSTANT, 12)]


def test_a_suspension_that_is_still_to_come_changes_nothing() -> None:
    for since in (DUE + INSTANT, DUE + 40 * DAY):
        outcome = process_billing_date(some_facts(customer=a_customer(suspended_since=since)), DUE)

        assert [invoice.total for invoice in outcome.invoices] == [8000]
        assert [e.event_time for e in outcome.entries] == [DUE]


def test_seats_seen_at_the_moment_a_cycle_ends_belong_to_the_next_one() -> None:
    outcome = process_billing_date(some_facts(observations=(seats(DUE - INSTANT, 11), seats(DUE, 12))), DUE)

    assert [(e.is_renewal, e.licenses, e.event_time) for e in outcome.entries] == [
        (False, 11, DUE - INSTANT),
        (True, 11, DUE),
        (False, 12, DUE),
    ]


ON_HOLD = some_facts(plan=a_plan(license_management=LicenseManagement.MANUAL), ledger=(an_entry(1, START, 10, 5),))


@pytest.mark.parametrize(
    ("changes", "moment", "counts_from"),
    [
        ({}, DUE - INSTANT, DUE - INSTANT),
        ({}, DUE, DUE - INSTANT),
        ({}, DUE + DAY, DUE - INSTANT),
        ({"customer": a_customer(suspended_since=START)}, DUE + DAY, DUE + DAY),
        ({"plan": a_plan(next_invoice_date=None, tier="self_hosted_community")}, DUE - DAY, DUE - DAY),
    ],
)
def test_a_command_to_a_plan_on_hold_counts_from_just_before_its_billing_date(
    changes: dict[str, object], moment: datetime, counts_from: datetime
) -> None:
    step = Step.begin(replace(ON_HOLD, **changes), moment)  # type: ignore[arg-type]
    live_up_to_command(step)

    assert step.at == counts_from


def test_licenses_bought_for_a_plan_on_hold_are_those_of_the_old_cycle_and_the_next() -> None:
    outcome = take_command(ON_HOLD, SetLicenses(licenses=15), DUE + 3 * DAY)

    assert [(e.event_time, e.licenses, e.licenses_at_next_renewal) for e in outcome.entries] == [
        (DUE - INSTANT, 15, 15)
    ]


@pytest.mark.parametrize(
    ("end_date", "due"),
    [
        (None, False),
        (DUE + timedelta(days=62), True),
        (DUE + timedelta(days=62) + INSTANT, False),
        (DUE, True),
    ],
)
def test_a_price_is_reviewed_in_the_last_62_days(end_date: datetime | None, due: bool) -> None:
    assert review_is_due(end_date, DUE) is due


@pytest.mark.parametrize(
    ("plan", "asked"),
    [
        (FIXED, [{"end_date": FIXED.end_date}]),
        (replace(FIXED, review_reminder_sent=True), []),
        (a_plan(end_date=FIXED.end_date), []),
        (replace(FIXED, end_date=None), []),
    ],
)
def test_the_review_of_a_fixed_price_is_asked_for_once(plan: Plan, asked: list[dict[str, object]]) -> None:
    outcome = process_billing_date(some_facts(plan=plan), DUE)

    assert [dict(e.data) for e in outcome.events if e.type == "plan.fixed_price_review_due"] == asked
    assert outcome.plan.review_reminder_sent is (plan.review_reminder_sent or bool(asked))


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({}, DUE),
        ({"end_date": DUE - DAY}, DUE - DAY),
        ({"end_date": DUE + DAY}, DUE),
        ({"schedule": Schedule.ANNUAL}, at("2025-01-31T10:00")),
        ({"status": PlanStatus.FREE_TRIAL, "next_invoice_date": START + 9 * DAY}, START + 9 * DAY),
        ({"status": PlanStatus.FREE_TRIAL, "next_invoice_date": DUE, "end_date": DUE + DAY}, DUE),
        ({"status": PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL, "next_invoice_date": DUE + DAY}, DUE + DAY),
        ({"status": PlanStatus.NEVER_STARTED, "next_invoice_date": DUE + DAY}, DUE + DAY),
        ({"status": PlanStatus.NEVER_STARTED, "next_invoice_date": None}, START),
        ({"status": PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, "end_date": DUE + 9 * DAY}, DUE + 9 * DAY),
        ({"status": PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, "end_date": None}, DUE),
    ],
)
def test_a_cycle_ends_where_the_plan_says(changes: dict[str, object], ends: datetime) -> None:
    step = Step.begin(some_facts(plan=a_plan(**changes)), START + DAY)

    assert next_billing_cycle(step) == ends


def test_before_its_first_entry_a_cycle_is_counted_from_the_anchor() -> None:
    assert next_billing_cycle(Step.begin(some_facts(ledger=(an_entry(1, DUE, 10),)), START)) == DUE


def gate(licenses: int, people: int = 0, *, tier: str = "cloud_plus", **changes: object) -> Facts:
    """Return the facts of a plan that would renew with that many licenses."""
    plan = a_plan(tier=tier, license_management=LicenseManagement.MANUAL)
    facts = some_facts(plan=plan, ledger=(an_entry(1, START, 20, licenses),), last_observation=seats(START, people))
    return replace(facts, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "facts",
    [
        gate(10),
        gate(12, 12),
        gate(9, customer=a_customer(exempt_from_license_number_check=True)),
        gate(4, customer=a_customer(minimum_licenses=4)),
        gate(1, 0, tier="cloud_standard"),
        gate(12, 13, plan=a_plan(tier="cloud_plus")),
        gate(1, 13, tier="cloud_enterprise"),
    ],
)
def test_a_plan_renews_with_licenses_that_are_enough(facts: Facts) -> None:
    outcome = process_billing_date(facts, DUE)

    following = facts.ledger[-1].licenses_at_next_renewal
    assert [(e.licenses, e.licenses_at_next_renewal) for e in outcome.entries] == [(following, following)]
    assert [e.data for e in outcome.events if e.type == "plan.renewed"] == [{"licenses": following}]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (gate(9), "renewal_licenses_below_plan_minimum"),
        (gate(4, customer=a_customer(minimum_licenses=5)), "renewal_licenses_below_plan_minimum"),
        (gate(12, 13), "renewal_licenses_below_current_users"),
    ],
)
def test_a_plan_with_one_license_too_few_is_on_hold(facts: Facts, code: str) -> None:
    with pytest.raises(NeedsAttention) as on_hold:
        process_billing_date(facts, DUE)

    assert on_hold.value.code == code
