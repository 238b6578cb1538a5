"""A purchase is paid, or comes to nothing: the plan that starts, whole, and what is billed with its start."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billflow.domain.activation import abandon, activate, start_after_trial
from billflow.domain.additions import ChargedLine
from billflow.domain.calendar import Period
from billflow.domain.errors import AlreadySubscribed, Refused
from billflow.domain.ledger import Disposition
from billflow.domain.plan import LicenseManagement, Plan, PlanStatus, Schedule
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts, PlanEvent
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, at, seats, some_facts

PAID_AT = START + timedelta(microseconds=700)
BOUGHT = a_plan(
    status=PlanStatus.NEVER_STARTED, billing_cycle_anchor=START - DAY, next_invoice_date=None, end_date=START + DAY
)


def bought(**changes: Any) -> Facts:
    """Return the facts of a purchase of ten licenses for ten seats."""
    return replace(some_facts(plan=BOUGHT, ledger=(), paid_licenses=10), **changes)


@pytest.mark.parametrize(
    ("plan", "settings", "next_invoice", "ends"),
    [
        (BOUGHT, BillingSettings(), "2024-02-29T10:00", None),
        (BOUGHT, BillingSettings(leap_february=False), "2024-02-28T10:00", None),
        (replace(BOUGHT, schedule=Schedule.ANNUAL), BillingSettings(), "2024-02-29T10:00", None),
        (
            replace(BOUGHT, price_per_license=None, fixed_price=1200),
            BillingSettings(),
            "2024-02-29T10:00",
            "2025-01-31T10:00",
        ),
    ],
)
def test_a_plan_starts_in_the_second_its_purchase_is_paid(
    plan: Plan, settings: BillingSettings, next_invoice: str, ends: str | None
) -> None:
    outcome = activate(bought(plan=plan, settings=settings), PAID_AT)

    assert outcome.plan == replace(
        plan,
        status=PlanStatus.ACTIVE,
        billing_cycle_anchor=START,
        next_invoice_date=at(next_invoice),
        end_date=at(ends) if ends else None,
    )
    assert [(e.event_time, e.licenses, e.licenses_at_next_renewal, e.is_renewal) for e in outcome.entries] == [
        (START, 10, 10, True)
    ]
    assert (outcome.at, outcome.allocated, outcome.invoices) == (START, {1: Disposition.BILLED}, ())
    assert outcome.events == (PlanEvent("plan.activated", {"licenses": 10, "tier": "cloud_standard"}),)


MANUAL = replace(BOUGHT, license_management=LicenseManagement.MANUAL)


@pytest.mark.parametrize(
    ("changes", "entries", "allocated", "billed"),
    [
        ({"observations": (seats(START, 13),)}, [(10, 10), (13, 13)], Disposition.BILLED, [(3, 800)]),
        ({"last_observation": seats(START, 7)}, [(10, 10), (10, 7)], Disposition.NOTHING_TO_BILL, []),
        ({"plan": MANUAL, "last_observation": seats(START, 13)}, [(10, 10), (13, 13)], Disposition.BILLED, [(3, 800)]),
        ({"plan": MANUAL, "last_observation": seats(START, 7)}, [(10, 10)], None, []),
        ({"observations": (seats(START + timedelta(seconds=1), 13),)}, [(10, 10)], None, []),
        (
            {
                "customer": a_customer(exempt_from_license_number_check=True),
                "last_observation": seats(START, 13),
            },
            [(10, 10)],
            None,
            [],
        ),
        (
            {
                "plan": replace(BOUGHT, price_per_license=None, fixed_price=1200),
                "last_observation": seats(START, 13),
            },
            [(10, 10)],
            None,
            [],
        ),
    ],
)
def test_who_came_since_the_purchase_is_billed_for_the_whole_cycle_and_who_went_is_not_refunded(
    changes: dict[str, Any],
    entries: list[tuple[int, int]],
    allocated: Disposition | None,
    billed: list[tuple[int, int]],
) -> None:
    outcome = activate(bought(**changes), START)

    lines = [line for invoice in outcome.invoices for line in invoice.lines]
    assert [(e.licenses, e.licenses_at_next_renewal) for e in outcome.entries] == entries
    assert outcome.allocated == {1: Disposition.BILLED} | ({2: allocated} if allocated else {})
    assert [(line.quantity, line.unit_amount) for line in lines] == billed
    assert all(line.derivation.period == Period(START, at("2024-02-29T10:00")) for line in lines)


def test_the_vendor_learns_of_licenses_that_were_paid_for_and_are_not_needed() -> None:
    outcome = activate(bought(last_observation=seats(START, 7)), START)

    assert outcome.events[0] == PlanEvent("plan.licenses_discrepancy", {"paid": 10, "needed": 7})


ENDED = replace(BOUGHT, status=PlanStatus.ENDED, ended_at=START)


def test_a_trial_that_was_paid_late_starts_again_with_nothing_of_its_past() -> None:
    facts = bought(
        plan=ENDED,
        ledger=(an_entry(7, START - DAY, 3),),
        charged=(ChargedLine(8000, Period(START, START + DAY), paid=True),),
        next_plan=a_plan(id="next"),
        trial_invoice_paid=True,
    )

    outcome = start_after_trial(facts, "new", PAID_AT)

    assert outcome.plan == replace(
        ENDED,
        id="new",
        predecessor_id="plan",
        status=PlanStatus.ACTIVE,
        billing_cycle_anchor=START,
        next_invoice_date=at("2024-02-29T10:00"),
        end_date=None,
        ended_at=None,
    )
    assert [(e.seq, e.licenses) for e in outcome.entries] == [(1, 10)]
    assert outcome.scheduled is None


def test_a_trial_that_runs_or_was_followed_by_another_plan_does_not_start_again() -> None:
    with pytest.raises(Refused) as refusal:
        start_after_trial(bought(plan=replace(ENDED, status=PlanStatus.FREE_TRIAL)), "new", START)
    assert refusal.value.code == "trial_not_over"
    with pytest.raises(AlreadySubscribed):
        start_after_trial(bought(plan=ENDED), "new", START, has_live_plan=True)


def test_a_purchase_that_comes_to_nothing_says_why_and_voids_its_invoice() -> None:
    outcome = abandon(bought(), "declined", START)

    assert outcome.plan == replace(BOUGHT, status=PlanStatus.ENDED, ended_at=START)
    assert outcome.void_open_invoices
    assert outcome.events == (PlanEvent("plan.ended", {"reason": "declined"}),)
