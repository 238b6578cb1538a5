"""From people to licenses."""

import pytest

from billflow.domain.catalog import Hosting, usual_seats
from billflow.domain.errors import InvalidInput, NotEnoughLicenses, TooManyLicenses
from billflow.domain.seats import LicenseCheck, billable_licenses, checked_licenses, seats_of
from tests.domain.builders import START, seats


@pytest.mark.parametrize(("members", "guests", "expected"), [(1, 5, 1), (1, 6, 2), (0, 1, 1), (10, 51, 11), (0, 0, 0)])
def test_in_the_cloud_five_guests_ride_along_with_each_member(members: int, guests: int, expected: int) -> None:
    assert usual_seats(Hosting.CLOUD).seats(members, guests) == expected


def test_self_hosted_guests_count_in_full() -> None:
    assert usual_seats(Hosting.SELF_HOSTED).seats(60, 10) == 70


def test_nobody_seen_is_no_seat() -> None:
    assert seats_of(usual_seats(Hosting.CLOUD), None) == 0
    assert not seats(START, 1).same_counts(None)


def test_an_exempt_customer_is_billed_what_was_asked_for() -> None:
    assert billable_licenses(3, 10, exempt=False) == 10
    assert billable_licenses(3, 10, exempt=True) == 3
    assert billable_licenses(3, 10, exempt=True, asked=7) == 7


@pytest.mark.parametrize("licenses", [0, -1, 1_000_001, 10**30])
def test_licenses_lie_between_one_and_a_million(licenses: int) -> None:
    with pytest.raises(InvalidInput, match="between 1 and 1,000,000"):
        checked_licenses(licenses)


def test_a_number_below_the_seats_in_use_names_the_minimum() -> None:
    with pytest.raises(NotEnoughLicenses) as refusal:
        LicenseCheck(seats=12, minimum=10).check(11)

    assert refusal.value.minimum == 12
    assert LicenseCheck(seats=12, minimum=10, exempt=True).check(1) == 1


def test_the_limits_of_invoiced_plans_are_an_option() -> None:
    with pytest.raises(TooManyLicenses):
        LicenseCheck(seats=1, minimum=1, invoiced_limits=True).check(1001)
    with pytest.raises(NotEnoughLicenses) as refusal:
        LicenseCheck(seats=1, minimum=1, invoiced_limits=True).check(29)

    assert refusal.value.minimum == 30
    assert [LicenseCheck(seats=1, minimum=40, invoiced_limits=True).check(n) for n in (30, 1000)] == [30, 1000]
    assert LicenseCheck(seats=1, minimum=1).check(1001) == 1001


def test_the_first_and_the_last_number_of_licenses_can_be_bought() -> None:
    assert (checked_licenses(1), checked_licenses(1_000_000)) == (1, 1_000_000)
    for field in ("licenses", "minimum_licenses"):
        with pytest.raises(InvalidInput) as refusal:
            checked_licenses(0, field)

        assert (refusal.value.code, refusal.value.field) == ("licenses_out_of_range", field)


def test_exactly_as_many_licenses_as_seats_are_enough_and_none_asked_for_are_not() -> None:
    assert LicenseCheck(seats=12, minimum=10).check(12) == 12
    assert LicenseCheck(seats=3, minimum=10).check(10) == 10
    for exempt in (True, False):
        with pytest.raises(NotEnoughLicenses):
            LicenseCheck(seats=12, minimum=10, exempt=exempt).check(None)


def test_no_more_licenses_than_a_tier_has_are_bought_unless_the_customer_is_exempt() -> None:
    most = LicenseCheck(seats=1, minimum=1, maximum=9)

    assert most.check(9) == 9
    with pytest.raises(TooManyLicenses):
        most.check(10)
    assert LicenseCheck(seats=1, minimum=1, maximum=9, exempt=True).check(10) == 10
