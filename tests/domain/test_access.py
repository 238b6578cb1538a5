"""Who may join a plan with limited licenses, and which servers may send push notifications."""

from dataclasses import replace

import pytest

from billflow.domain.access import PushAccess, push_access, seat_gate
from billflow.domain.plan import LicenseManagement, PlanStatus
from billflow.domain.step import Facts
from tests.domain.builders import DAY, START, a_customer, a_plan, an_entry, seats, some_facts


def a_manual_plan(licenses: int, following: int, people: int, **changes: object) -> Facts:
    plan = replace(a_plan(), license_management=LicenseManagement.MANUAL, **changes)  # type: ignore[arg-type]
    return some_facts(
        plan=plan, ledger=(an_entry(1, START, licenses, following),), last_observation=seats(START, people)
    )


@pytest.mark.parametrize(
    ("licenses", "following", "people", "allowed", "spare"),
    [(10, 10, 9, True, 1), (10, 10, 10, False, 0), (10, 8, 8, False, 0), (10, 20, 10, False, 0), (10, 10, 2, True, 8)],
)
def test_a_join_fits_the_licenses_of_this_cycle_and_of_the_next(
    licenses: int, following: int, people: int, allowed: bool, spare: int
) -> None:
    gate = seat_gate(a_manual_plan(licenses, following, people), members=1)

    assert (gate.allowed, gate.spare) == (allowed, spare)


def test_a_plan_that_ends_has_no_next_cycle_to_fit() -> None:
    facts = a_manual_plan(10, 5, 7, status=PlanStatus.DOWNGRADE_AT_END_OF_CYCLE)

    assert seat_gate(facts, members=1).allowed


def test_a_guest_may_join_for_free_and_a_guest_who_becomes_a_member_may_not() -> None:
    facts = a_manual_plan(10, 10, 10)

    assert seat_gate(facts, guests=1).allowed
    assert not seat_gate(facts, members=1, guests=-1).allowed


def test_automatic_plans_and_exempt_customers_have_no_gate() -> None:
    exempt = a_manual_plan(10, 10, 10)

    assert seat_gate(some_facts(), members=1000).allowed
    assert seat_gate(replace(exempt, customer=a_customer(exempt_from_license_number_check=True)), members=9).allowed
    assert seat_gate(some_facts()).spare is None


@pytest.mark.parametrize(("people", "warned"), [(6, False), (7, True), (9, True), (10, True), (12, True)])
def test_admins_are_warned_from_three_spare_licenses_down(people: int, warned: bool) -> None:
    assert seat_gate(a_manual_plan(10, 10, people)).warning is warned


@pytest.mark.parametrize(("people", "days_ago", "allowed"), [(10, 1, True), (11, 1, False), (10, 3, False)])
def test_without_a_plan_push_is_for_ten_people_who_are_known_of(people: int, days_ago: int, allowed: bool) -> None:
    assert push_access(None, seats(START - days_ago * DAY, people), START) == PushAccess(allowed)


def test_a_plan_allows_push_and_names_its_end_when_ten_people_are_too_many() -> None:
    ending = a_manual_plan(20, 20, 20, status=PlanStatus.DOWNGRADE_AT_END_OF_CYCLE)
    dated = a_manual_plan(20, 20, 20, end_date=START + 9 * DAY)

    assert push_access(some_facts(), None, START) == PushAccess(allowed=True)
    assert push_access(ending, None, START + DAY).ends_at == ending.plan.next_invoice_date
    assert push_access(dated, seats(START, 20), START).ends_at == START + 9 * DAY
    assert push_access(dated, seats(START, 5), START).ends_at is None
