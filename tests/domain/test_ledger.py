"""How many licenses a plan holds, and renews with: followed by itself, or set by hand."""

from datetime import datetime, timedelta

import pytest

from billflow.domain.errors import BillingError, NotEnoughLicenses, Refused
from billflow.domain.ledger import (
    LicenseCount,
    current_set,
    is_ending,
    last_renewal_at,
    newest_at,
    next_renewal_set,
    synced,
)
from billflow.domain.plan import LicenseManagement, Plan, PlanStatus
from billflow.domain.seats import LicenseCheck
from tests.domain.builders import DAY, START, a_plan, an_entry, at

INSTANT = timedelta(microseconds=1)
DUE = at("2024-02-29T10:00")
LEDGER = (an_entry(1, START, 10), an_entry(2, START + DAY, 12), an_entry(3, DUE, 12, is_renewal=True))
MANUAL = a_plan(license_management=LicenseManagement.MANUAL)
LAST = an_entry(2, START, 10, 8)
CHECK = LicenseCheck(seats=7, minimum=5)


@pytest.mark.parametrize(
    ("moment", "newest", "renewal"),
    [
        (START - INSTANT, None, None),
        (START, 1, 1),
        (START + DAY - INSTANT, 1, 1),
        (START + DAY, 2, 1),
        (DUE - INSTANT, 2, 1),
        (DUE, 3, 3),
    ],
)
def test_an_entry_counts_from_its_own_moment_on(moment: datetime, newest: int | None, renewal: int | None) -> None:
    found, begun = newest_at(LEDGER, moment), last_renewal_at(LEDGER, moment)

    assert (found and found.seq, begun and begun.seq) == (newest, renewal)


@pytest.mark.parametrize(
    ("billable", "following", "count"),
    [
        (12, None, LicenseCount(12, 12)),
        (9, None, LicenseCount(10, 9)),
        (12, 25, LicenseCount(12, 25)),
        (9, 0, LicenseCount(10, 0)),
    ],
)
def test_the_licenses_of_a_cycle_only_rise_those_of_the_next_one_move_both_ways(
    billable: int, following: int | None, count: LicenseCount
) -> None:
    assert synced(LAST, billable, following) == count


def test_licenses_bought_by_hand_hold_for_this_cycle_and_the_next() -> None:
    assert current_set(MANUAL, LAST, 11, CHECK) == LicenseCount(11, 11)
    assert next_renewal_set(MANUAL, LAST, 7, CHECK) == LicenseCount(10, 7)


@pytest.mark.parametrize(
    ("plan", "licenses", "code"),
    [
        (MANUAL, 10, "no_change"),
        (MANUAL, 9, "cannot_decrease_current_period"),
        (a_plan(), 11, "automatic_license_management"),
        (a_plan(status=PlanStatus.FREE_TRIAL), 11, "trial_current_licenses_locked"),
    ],
)
def test_the_licenses_of_a_cycle_are_raised_by_hand_or_not_at_all(plan: Plan, licenses: int, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        current_set(plan, LAST, licenses, CHECK)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("plan", "licenses", "code"),
    [
        (MANUAL, 8, "no_change"),
        (MANUAL, 6, "not_enough_licenses"),
        (a_plan(), 11, "automatic_license_management"),
        (
            a_plan(license_management=LicenseManagement.MANUAL, status=PlanStatus.DOWNGRADE_AT_END_OF_CYCLE),
            11,
            "plan_is_ending",
        ),
    ],
)
def test_the_licenses_of_the_next_cycle_are_those_one_may_have(plan: Plan, licenses: int, code: str) -> None:
    with pytest.raises(BillingError) as refusal:
        next_renewal_set(plan, LAST, licenses, CHECK)

    assert refusal.value.code == code


def test_more_than_enough_licenses_are_needed_for_everyone_who_is_there() -> None:
    crowded = LicenseCheck(seats=12, minimum=5)

    with pytest.raises(NotEnoughLicenses) as refusal:
        current_set(MANUAL, LAST, 11, crowded)

    assert refusal.value.minimum == 12


def test_a_plan_is_ending_in_two_statuses() -> None:
    assert [status for status in PlanStatus if is_ending(a_plan(status=status))] == [
        PlanStatus.DOWNGRADE_AT_END_OF_CYCLE,
        PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL,
    ]
