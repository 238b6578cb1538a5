"""Plans that another system billed so far: their first renewal, their prices, and what can't be taken (rules 40)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.errors import BillingError
from billflow.domain.ledger import Disposition
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus, Schedule
from billflow.domain.plan_import import ImportPlan, OpeningEntry, import_plan
from billflow.domain.start_request import StartFacts
from billflow.domain.step import Facts, Outcome
from tests.domain.builders import a_customer, at, catalog, seats

NOW = at("2026-01-20T12:00")
MANUAL = LicenseManagement.MANUAL


def known(**changes: Any) -> StartFacts:
    return replace(StartFacts(plan_id="plan", customer=a_customer(), catalog=catalog()), **changes)


def asked(start: str = "2026-01-15", end: str = "2026-02-15", **terms: Any) -> ImportPlan:
    """Return a monthly plan of six licenses that are counted by hand."""
    period = {"period_start": at(start), "period_end": at(end)}
    held = {"tier": "cloud_standard", "schedule": Schedule.MONTHLY, "licenses": 6, "license_management": MANUAL}
    return ImportPlan(**{**held, **period, **terms})


def lived(outcome: Outcome, moment: datetime, **changes: Any) -> Outcome:
    """Return the billing date after the import."""
    ledger = tuple(replace(entry, allocated=entry.seq in outcome.allocated) for entry in outcome.entries)
    facts = Facts(plan=outcome.plan, customer=outcome.customer, catalog=catalog(), ledger=ledger)
    return process_billing_date(replace(facts, last_observation=outcome.last_observation, **changes), moment)


def lines(outcome: Outcome) -> list[tuple[int, int, str, str]]:
    return [
        (
            line.quantity,
            line.unit_amount,
            f"{line.derivation.period.start:%m-%d}",
            f"{line.derivation.period.end:%m-%d}",
        )
        for invoice in outcome.invoices
        for line in invoice.lines
    ]


def test_nothing_is_billed_by_the_import_and_the_first_renewal_is_at_the_old_period_s_end() -> None:
    outcome = import_plan(known(), asked(), NOW)

    assert outcome.invoices == ()
    assert outcome.allocated == {1: Disposition.IMPORTED}
    assert (outcome.plan.status, outcome.plan.next_invoice_date) == (PlanStatus.ACTIVE, at("2026-02-15"))
    assert lines(lived(outcome, at("2026-02-15"))) == [(6, 800, "02-15", "03-15")]


def test_an_annual_plan_has_its_monthly_dates_and_renews_at_the_end_of_its_year() -> None:
    annual = asked("2025-08-31", "2026-08-31", schedule=Schedule.ANNUAL, price_per_license=7000)
    outcome = import_plan(known(), annual, NOW)

    assert outcome.plan.next_invoice_date == at("2026-01-31")
    assert (outcome.plan.price_per_license, outcome.plan.discount_percent) == (7000, "12.50")
    assert lines(lived(outcome, at("2026-01-31"))) == []


def test_a_period_of_a_month_without_the_anchor_s_day_is_taken_with_its_anchor() -> None:
    february = asked("2026-02-28", "2026-03-31", anchor=at("2025-10-31"))

    outcome = import_plan(known(), february, at("2026-03-02"))

    assert outcome.plan.next_invoice_date == at("2026-03-31")


def test_the_old_price_holds_and_without_one_the_catalogue_s() -> None:
    assert import_plan(known(), asked(price_per_license=0), NOW).plan.price_per_license == 0
    assert import_plan(known(), asked(), NOW).plan.price_per_license == 800


def test_seats_beyond_the_licenses_count_from_the_import_on() -> None:
    automatic = asked(license_management=LicenseManagement.AUTOMATIC)
    outcome = import_plan(known(last_observation=seats(at("2026-01-18"), 9)), automatic, NOW)

    assert [(entry.event_time, entry.licenses) for entry in outcome.entries] == [(at("2026-01-15"), 6), (NOW, 9)]
    assert lines(lived(outcome, at("2026-02-15"))) == [
        (9, 800, "02-15", "03-15"),
        (3, round(800 * 25.5 / 31), "01-20", "02-15"),
    ]


def test_fewer_seats_than_licenses_lower_the_next_period_only() -> None:
    automatic = asked(license_management=LicenseManagement.AUTOMATIC)
    outcome = import_plan(known(last_observation=seats(at("2026-01-18"), 4)), automatic, NOW)

    assert lines(lived(outcome, at("2026-02-15"))) == [(4, 800, "02-15", "03-15")]


def test_what_the_old_system_added_in_the_period_is_not_billed_again() -> None:
    entries = (
        OpeningEntry(event_time=at("2026-01-15"), is_renewal=True, licenses=4, licenses_at_next_renewal=4),
        OpeningEntry(event_time=at("2026-01-17"), is_renewal=False, licenses=6, licenses_at_next_renewal=5),
    )
    outcome = import_plan(known(), asked(ledger=entries), NOW)

    assert lines(lived(outcome, at("2026-02-15"))) == [(5, 800, "02-15", "03-15")]


def test_a_trial_is_billed_when_it_ends_from_its_end_on() -> None:
    customer = a_customer(card_since=at("2026-01-15"))
    outcome = import_plan(known(customer=customer), asked("2026-01-10", "2026-01-24", in_trial=True), NOW)

    assert (outcome.plan.status, outcome.plan.next_invoice_date) == (PlanStatus.FREE_TRIAL, at("2026-01-24"))
    assert lines(lived(outcome, at("2026-01-24"))) == [(6, 800, "01-24", "02-24")]


@pytest.mark.parametrize(
    ("terms", "status", "billed"),
    [
        ({"ends_with_period": True}, PlanStatus.DOWNGRADE_AT_END_OF_CYCLE, []),
        ({"end_date": at("2026-02-15")}, PlanStatus.ACTIVE, []),
        (
            {"next_schedule": Schedule.ANNUAL},
            PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE,
            [(6, 8000, "02-15", "02-15")],
        ),
        ({"licenses_at_next_renewal": 5}, PlanStatus.ACTIVE, [(5, 800, "02-15", "03-15")]),
    ],
    ids=["ends with its period", "end date", "to annual", "fewer licenses"],
)
def test_what_was_scheduled_happens_at_the_end_of_the_old_period(
    terms: dict[str, Any], status: PlanStatus, billed: list[Any]
) -> None:
    outcome = import_plan(known(), asked(**terms), NOW)
    after = lived(outcome, at("2026-02-15"))

    assert outcome.plan.status is status
    assert lines(after) + (lines(after.successor) if after.successor else []) == billed
    assert (after.plan.status is PlanStatus.ENDED) is (not billed or after.successor is not None)


def test_a_fixed_price_ends_with_its_year_and_bills_its_parts() -> None:
    fixed = asked("2026-01-15", "2026-02-15", anchor=at("2025-06-15"), fixed_price=100_000)
    outcome = import_plan(known(), fixed, NOW)

    assert (outcome.plan.end_date, outcome.plan.price_per_license) == (at("2026-06-15"), None)
    assert lines(lived(outcome, at("2026-02-15"))) == [(1, 8333, "02-15", "03-15")]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"start": "2026-02-15", "end": "2026-03-15"}, "period_not_begun"),
        ({"start": "2025-12-15", "end": "2026-01-15"}, "period_over"),
        ({"start": "2026-01-15", "end": "2026-02-14"}, "period_off_anchor"),
        ({"start": "2026-01-18", "end": "2026-02-15", "anchor": at("2025-10-15")}, "period_off_anchor"),
        ({"end_date": at("2026-01-19")}, "end_date_past"),
        ({"next_schedule": Schedule.MONTHLY}, "no_change"),
        ({"next_schedule": Schedule.ANNUAL, "ends_with_period": True}, "no_schedule_change"),
        ({"in_trial": True, "collection_method": CollectionMethod.SEND_INVOICE}, "trial_by_invoice"),
        ({"tier": "self_hosted_basic"}, "tier_not_for_deployment"),
        ({"tier": "gold"}, "unknown_tier"),
        ({"tier": "cloud_plus"}, "not_enough_licenses"),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
def test_what_can_t_be_taken_is_refused_by_its_reason(terms: dict[str, Any], code: str) -> None:
    with pytest.raises(BillingError) as refused:
        import_plan(known(), asked(**terms), NOW)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([("2026-01-16", True, 6)], "ledger_off_period"),
        ([("2026-01-15", False, 6)], "ledger_off_period"),
        ([("2026-01-15", True, 6), ("2026-01-16", True, 7)], "ledger_off_period"),
        ([("2026-01-15", True, 6), ("2026-01-16", False, 5)], "ledger_out_of_order"),
        ([("2026-01-15", True, 6), ("2026-01-25", False, 7)], "ledger_out_of_order"),
    ],
    ids=["begins late", "no renewal", "two renewals", "falls", "in the future"],
)
def test_a_ledger_that_does_not_tell_the_running_period_is_refused(entries: list[Any], code: str) -> None:
    ledger = tuple(
        OpeningEntry(event_time=at(day), is_renewal=renewal, licenses=n, licenses_at_next_renewal=n)
        for day, renewal, n in entries
    )
    with pytest.raises(BillingError) as refused:
        import_plan(known(), asked(ledger=ledger), NOW)

    assert refused.value.code == code


def test_a_customer_with_a_live_plan_gets_no_second_one() -> None:
    with pytest.raises(BillingError) as refused:
        import_plan(known(has_live_plan=True), asked(), NOW)

    assert refused.value.code == "already_subscribed"
