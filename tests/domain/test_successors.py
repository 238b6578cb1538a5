"""The plan that takes over: what it inherits, what begins anew, what it costs."""

from dataclasses import replace
from datetime import datetime

import pytest

from billflow.domain.additions import ChargedLine
from billflow.domain.billing_dates import process_billing_date
from billflow.domain.calendar import Period
from billflow.domain.commands import UpgradeTierNow
from billflow.domain.cycle import successor_of
from billflow.domain.ledger import Disposition
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import (
    SUCCESSOR_ID,
    CollectionMethod,
    InvoicingStatus,
    LicenseManagement,
    Plan,
    PlanStatus,
    Schedule,
)
from billflow.domain.step import Outcome
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts

DUE = at("2024-02-29T10:00")
CYCLE = Period(START, DUE)
HALF = START + (DUE - START) / 2

USED = a_plan(
    license_management=LicenseManagement.MANUAL,
    collection_method=CollectionMethod.SEND_INVOICE,
    discount_percent="25",
    price_per_license=600,
    predecessor_id="first",
    stale_data_notice_sent=True,
    review_reminder_sent=True,
    offer_id="offer",
    ended_at=DUE,
)
"""A plan with a past: nothing of that past may be left on the one that follows it."""


def begun(plan: Plan, moment: datetime, **changes: object) -> Plan:
    """Return *plan* as its successor of *moment* is, with no past."""
    fresh = replace(
        plan,
        id=SUCCESSOR_ID,
        predecessor_id="plan",
        status=PlanStatus.ACTIVE,
        billing_cycle_anchor=moment,
        next_invoice_date=moment,
        invoicing_status=InvoicingStatus.INITIAL_INVOICE_TO_BE_SENT,
        stale_data_notice_sent=False,
        review_reminder_sent=False,
        offer_id=None,
        ended_at=None,
    )
    return replace(fresh, **changes)  # type: ignore[arg-type]


def successor(outcome: Outcome) -> Outcome:
    assert outcome.successor is not None
    return outcome.successor


def test_a_successor_has_the_terms_of_its_predecessor_and_nothing_of_its_past() -> None:
    assert successor_of(USED, DUE, Schedule.ANNUAL) == begun(USED, DUE, schedule=Schedule.ANNUAL)


def test_a_switch_of_schedule_goes_on_with_its_terms_at_list_price() -> None:
    plan = replace(USED, status=PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE, ended_at=None)
    facts = some_facts(plan=plan, ledger=(an_entry(1, START, 10, 12),))

    after = successor(process_billing_date(facts, DUE))

    terms = begun(plan, DUE, schedule=Schedule.ANNUAL, price_per_license=8000, discount_percent=None)
    assert after.plan == replace(terms, next_invoice_date=at("2024-03-29T10:00"), invoicing_status=InvoicingStatus.DONE)
    assert [(e.seq, e.event_time, e.is_renewal, e.licenses, e.licenses_at_next_renewal) for e in after.entries] == [
        (1, DUE, True, 12, 12)
    ]
    assert after.allocated == {1: Disposition.BILLED}


@pytest.mark.parametrize(
    ("status", "event"),
    [
        (PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE, "switched_schedule"),
        (PlanStatus.DOWNGRADE_AT_END_OF_CYCLE, "downgrade"),
    ],
)
def test_a_plan_says_why_it_ended(status: PlanStatus, event: str) -> None:
    outcome = process_billing_date(some_facts(plan=a_plan(status=status)), DUE)

    assert [e.data["reason"] for e in outcome.events if e.type == "plan.ended"] == [event]
    assert (outcome.plan.status, outcome.plan.ended_at) == (PlanStatus.ENDED, DUE)


def test_an_end_date_on_the_last_billing_date_wins_over_a_switch_and_a_renewal() -> None:
    for status in (PlanStatus.ACTIVE, PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE):
        ended = process_billing_date(some_facts(plan=a_plan(status=status, end_date=DUE)), DUE)
        later = process_billing_date(some_facts(plan=a_plan(status=status, end_date=DUE + DAY)), DUE)

        assert [e.data["reason"] for e in ended.events if e.type == "plan.ended"] == ["end_date"]
        assert (ended.entries, ended.successor) == ((), None)
        assert later.plan.status is PlanStatus.ACTIVE or later.successor


def test_a_higher_tier_begins_anew_without_an_end_date() -> None:
    plan = replace(USED, end_date=DUE, ended_at=None)
    facts = some_facts(plan=plan)

    outcome = take_command(facts, UpgradeTierNow(tier="cloud_plus"), HALF)

    terms = begun(plan, HALF, tier="cloud_plus", end_date=None, price_per_license=1200, discount_percent=None)
    assert successor(outcome).plan == replace(
        terms, next_invoice_date=at("2024-03-14T22:00"), invoicing_status=InvoicingStatus.DONE
    )
    assert (outcome.plan.end_date, outcome.plan.ended_at, outcome.plan.next_invoice_date) == (HALF, HALF, None)
    assert [e.data["reason"] for e in outcome.events if e.type == "plan.ended"] == ["switched_tier"]


def test_an_upgrade_follows_the_schedule_and_the_way_of_payment_that_were_asked_for() -> None:
    command = UpgradeTierNow(
        tier="cloud_plus", schedule=Schedule.ANNUAL, collection_method=CollectionMethod.SEND_INVOICE
    )

    plan = successor(take_command(some_facts(), command, HALF)).plan

    assert (plan.schedule, plan.price_per_license) == (Schedule.ANNUAL, 12000)
    assert plan.collection_method is CollectionMethod.SEND_INVOICE


@pytest.mark.parametrize(
    ("changes", "licenses"),
    [
        ({"ledger": (an_entry(1, START, 40, 12),)}, 10),
        ({"ledger": (an_entry(1, START, 40, 12),), "plan": a_plan(license_management=LicenseManagement.MANUAL)}, 12),
        ({"ledger": (an_entry(1, START, 9, 9),), "plan": a_plan(license_management=LicenseManagement.MANUAL)}, 10),
        ({"ledger": (an_entry(1, START, 9, 4),), "customer": a_customer(exempt_from_license_number_check=True)}, 4),
        ({"ledger": (an_entry(1, START, 9),), "last_observation": seats(START, 17)}, 17),
    ],
)
def test_a_higher_tier_starts_with_the_seats_the_minimum_or_what_was_agreed(
    changes: dict[str, object], licenses: int
) -> None:
    facts = replace(some_facts(), **changes)  # type: ignore[arg-type]
    [entry] = successor(take_command(facts, UpgradeTierNow(tier="cloud_plus"), HALF)).entries

    assert (entry.licenses, entry.licenses_at_next_renewal, entry.is_renewal) == (licenses, licenses, True)


@pytest.mark.parametrize(
    ("lines", "credit"),
    [
        (((350, CYCLE), (-2000, CYCLE)), 0),
        (((801, Period(START, START + 20 * DAY)),), 401),
        (((800, Period(START - 40 * DAY, START - 9 * DAY)),), 400),
        (((1, CYCLE),), 1),
        ((), 0),
    ],
)
def test_a_credit_is_the_rest_of_what_each_line_paid_for_rounded_up_and_never_a_debt(
    lines: tuple[tuple[int, Period], ...], credit: int
) -> None:
    charged = tuple(ChargedLine(amount, period, paid=True) for amount, period in lines)
    moment = START + 10 * DAY if any(period.end == START + 20 * DAY for _, period in lines) else HALF

    assert take_command(some_facts(charged=charged), UpgradeTierNow(tier="cloud_plus"), moment).credit == credit
