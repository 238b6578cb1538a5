"""Changing how many licenses a plan holds, and who counts them."""

from dataclasses import replace

import pytest

from billflow.domain.commands import SetLicenseManagement, SetLicenses, SetLicensesAtRenewal
from billflow.domain.errors import Refused
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import LicenseManagement, PlanStatus
from billflow.domain.step import PlanEvent
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, seats, some_facts
from tests.domain.life import Life
from tests.domain.test_trials import ENDS, by_invoice

AUTOMATIC = SetLicenseManagement(license_management=LicenseManagement.AUTOMATIC)
BY_HAND = SetLicenseManagement(license_management=LicenseManagement.MANUAL)
MANUAL = a_plan(license_management=LicenseManagement.MANUAL)


def paid_trial() -> Life:
    """Return a trial whose twelve licenses are paid for."""
    life = by_invoice()
    life.facts = replace(life.facts, trial_invoice_paid=True)
    return life


def counts(life: Life) -> tuple[int, int]:
    newest = life.facts.ledger[-1]
    return newest.licenses, newest.licenses_at_next_renewal


@pytest.mark.parametrize(
    ("command", "entry", "event"),
    [
        (SetLicenses(licenses=12), (12, 12), PlanEvent("plan.licenses_changed", {"licenses": 12})),
        (
            SetLicensesAtRenewal(licenses=12),
            (10, 12),
            PlanEvent("plan.licenses_at_renewal_changed", {"licenses": 12}),
        ),
    ],
)
def test_licenses_are_bought_for_this_cycle_or_the_next(
    command: SetLicenses | SetLicensesAtRenewal, entry: tuple[int, int], event: PlanEvent
) -> None:
    outcome = take_command(some_facts(plan=MANUAL), command, START + DAY)

    assert [(e.event_time, e.licenses, e.licenses_at_next_renewal, e.is_renewal) for e in outcome.entries] == [
        (START + DAY, *entry, False)
    ]
    assert outcome.events == (event,)
    assert not outcome.void_trial_invoice


def test_an_unpaid_trial_is_bought_again_for_other_licenses() -> None:
    life = by_invoice()
    outcome = life.command(SetLicensesAtRenewal(licenses=20), START + DAY)

    assert [(e.licenses, e.licenses_at_next_renewal, e.is_renewal) for e in outcome.entries] == [(20, 20, True)]
    assert [invoice.licenses for invoice in outcome.invoices] == [20]
    assert outcome.void_trial_invoice


def test_a_trial_by_card_buys_nothing_before_it_is_over() -> None:
    trial = replace(MANUAL, status=PlanStatus.FREE_TRIAL)

    outcome = take_command(some_facts(plan=trial), SetLicensesAtRenewal(licenses=20), START + DAY)

    assert [(e.licenses, e.licenses_at_next_renewal, e.is_renewal) for e in outcome.entries] == [(10, 20, False)]
    assert (outcome.invoices, outcome.void_trial_invoice) == ((), False)


def test_a_paid_trial_goes_back_to_the_licenses_that_are_paid_for_but_not_below() -> None:
    life = paid_trial()
    life.command(SetLicensesAtRenewal(licenses=16), START + DAY)
    assert counts(life) == (12, 16)
    outcome = life.command(SetLicensesAtRenewal(licenses=12), START + 2 * DAY)

    assert counts(life) == (12, 12)
    assert (outcome.invoices, outcome.void_trial_invoice) == ((), False)
    with pytest.raises(Refused) as refusal:
        life.command(SetLicensesAtRenewal(licenses=11), START + 3 * DAY)
    assert (refusal.value.code, refusal.value.message) == (
        "already_paid",
        "12 licenses are paid for already; ask for at least as many.",
    )


def test_once_a_trial_is_over_what_it_bought_binds_no_longer() -> None:
    facts = some_facts(plan=MANUAL, last_observation=seats(START, 4), trial_invoice_paid=True)

    outcome = take_command(facts, SetLicensesAtRenewal(licenses=5), START + DAY)

    assert [(e.licenses, e.licenses_at_next_renewal) for e in outcome.entries] == [(10, 5)]


def test_seats_that_came_and_went_in_a_paid_trial_do_not_count_as_paid_for() -> None:
    life = paid_trial()
    life.command(AUTOMATIC, START + DAY)
    life.observe(seats(START + 2 * DAY, 15))
    life.observe(seats(START + 3 * DAY, 12))
    life.command(BY_HAND, START + 4 * DAY)
    assert counts(life) == (15, 12)

    life.command(SetLicensesAtRenewal(licenses=13), START + 5 * DAY)

    assert counts(life) == (15, 13)
    life.backfill(ENDS)
    assert [line.quantity for line in life.invoices[-1].lines] == [1]


def test_licenses_begin_to_follow_the_seats_from_the_moment_they_are_told_to() -> None:
    facts = some_facts(plan=MANUAL, ledger=(an_entry(1, START, 20, 30),), last_observation=seats(START, 14))

    outcome = take_command(facts, AUTOMATIC, START + DAY)

    assert outcome.plan.license_management is LicenseManagement.AUTOMATIC
    assert [(e.event_time, e.licenses, e.licenses_at_next_renewal) for e in outcome.entries] == [(START + DAY, 20, 14)]
    assert outcome.events == (PlanEvent("plan.license_management_changed", {"license_management": "automatic"}),)


@pytest.mark.parametrize(
    "changes",
    [
        {"last_observation": None},
        {"customer": a_customer(suspended_since=START)},
    ],
)
def test_licenses_stay_as_they_are_where_no_seats_are_known_or_none_are_charged(changes: dict[str, object]) -> None:
    facts = replace(some_facts(plan=MANUAL, last_observation=seats(START, 14)), **changes)  # type: ignore[arg-type]

    outcome = take_command(facts, AUTOMATIC, START + DAY)

    assert outcome.plan.license_management is LicenseManagement.AUTOMATIC
    assert outcome.entries == ()


def test_licenses_that_are_counted_by_hand_stay_as_they_are() -> None:
    outcome = take_command(some_facts(last_observation=seats(START, 14)), BY_HAND, START + DAY)

    assert outcome.plan.license_management is LicenseManagement.MANUAL
    assert outcome.entries == ()
