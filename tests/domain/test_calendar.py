"""Months and billing dates: counted from the anchor, without gap or overlap."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.calendar import (
    Period,
    add_months,
    first_step_after,
    month_begins,
    next_month,
    steps_between,
)
from billflow.domain.errors import InvalidInput
from billflow.domain.moments import (
    CLOCK_DIFFERENCE,
    EARLIEST,
    FURTHEST,
    check_near,
    check_observed,
    check_past,
    checked_moment,
)
from tests.domain.builders import at

moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  the strategy adds the zone
months = st.sampled_from([1, 12])


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        ("2024-01-31T10:00", 1, "2024-02-29T10:00"),
        ("2023-01-31T10:00", 1, "2023-02-28T10:00"),
        ("2024-02-29T10:00", 12, "2025-02-28T10:00"),
        ("2024-02-29T10:00", 48, "2028-02-29T10:00"),
        ("2024-12-31T10:00", 2, "2025-02-28T10:00"),
        ("2024-12-31T10:00", 4, "2025-04-30T10:00"),
    ],
)
def test_a_month_ends_on_its_last_day(start: str, count: int, expected: str) -> None:
    assert add_months(at(start), count) == at(expected)


def test_the_reference_calendar_has_no_leap_day() -> None:
    assert add_months(at("2024-01-31"), 1, leap_february=False) == at("2024-02-28")
    assert add_months(at("2024-02-29"), 0, leap_february=False) == at("2024-02-28")


@pytest.mark.parametrize(("count", "code"), [(-1, "negative_months"), (12 * 9000, "date_out_of_range")])
def test_months_that_lead_nowhere_are_refused(count: int, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        add_months(at("2024-01-31"), count)

    assert refusal.value.code == code


@given(anchor=moments, step=months, leap=st.booleans(), start=st.integers(0, 500))
def test_periods_tile_without_gap_or_overlap(anchor: datetime, step: int, leap: bool, start: int) -> None:
    walked = [add_months(anchor, start * step, leap_february=leap)]
    for _ in range(30):
        walked.append(first_step_after(anchor, step, walked[-1], leap_february=leap))

    assert walked == [add_months(anchor, (start + index) * step, leap_february=leap) for index in range(31)]
    assert all(one < other for one, other in pairwise(walked))


@given(anchor=moments, step=months, leap=st.booleans(), moment=moments)
def test_every_moment_lies_in_exactly_one_period(anchor: datetime, step: int, leap: bool, moment: datetime) -> None:
    ends = first_step_after(anchor, step, moment, leap_february=leap)
    count = steps_between(anchor, step, moment, leap_february=leap)

    assert moment < ends
    if moment >= anchor:
        assert add_months(anchor, count * step, leap_february=leap) <= moment or count == 0
        assert ends == add_months(anchor, (count + 1) * step, leap_february=leap) or ends == anchor


@given(anchor=moments, count=st.integers(0, 600), leap=st.booleans())
def test_from_a_billing_date_the_next_month_is_the_next_billing_date(anchor: datetime, count: int, leap: bool) -> None:
    one, other = (add_months(anchor, months, leap_february=leap) for months in (count, count + 1))

    assert next_month(anchor, one, leap_february=leap) == other


def test_a_moment_long_before_the_anchor_has_no_next_month() -> None:
    with pytest.raises(InvalidInput):
        next_month(at("2024-06-01"), at("2024-01-01"))


def test_a_period_knows_its_length() -> None:
    assert Period(at("2024-01-01"), at("2024-02-01")).length == timedelta(days=31)


def test_steps_count_by_the_leap_day_unless_they_are_told_otherwise() -> None:
    anchor, before, leap_day = at("2024-01-31"), at("2024-02-28T12:00"), at("2024-02-29")

    assert [steps_between(anchor, 1, moment) for moment in (anchor, before, leap_day)] == [0, 0, 1]
    assert steps_between(anchor, 1, anchor - timedelta(seconds=1)) == 0
    assert steps_between(anchor, 1, before, leap_february=False) == 1
    assert (first_step_after(anchor, 1, anchor), next_month(anchor, at("2024-02-05"))) == (leap_day, leap_day)
    assert next_month(anchor, at("2024-02-05"), leap_february=False) == at("2024-02-28")


def test_the_next_month_is_21_to_39_whole_days_ahead() -> None:
    april = at("2026-04-01")
    for days in (21, 39):
        assert next_month(at("2026-01-01"), april - timedelta(days=days)) == april
    with pytest.raises(InvalidInput) as refusal:
        next_month(at("2026-01-01"), april - timedelta(days=40))
    assert (refusal.value.code, refusal.value.field) == ("no_next_month", "after")


def test_months_begin_in_utc_and_end_with_the_year_9999() -> None:
    winter = [at("2025-12-01"), at("2026-01-01"), at("2026-02-01")]

    assert month_begins(datetime.fromisoformat("2026-03-01T00:30+02:00"), 2) == winter
    assert month_begins(at("2026-02-01"), 0) == winter[-1:]
    assert add_months(at("9998-12-01"), 12) == at("9999-12-01")
    with pytest.raises(InvalidInput):
        add_months(at("9999-12-01"), 1)


def test_the_bounds_of_a_moment_from_outside_are_allowed_themselves() -> None:
    instant = timedelta(microseconds=1)
    elsewhere = datetime.fromisoformat("2027-01-01T01:30+02:00")

    assert checked_moment(EARLIEST) == check_past(EARLIEST, EARLIEST, "at") == EARLIEST
    assert checked_moment(elsewhere).isoformat() == "2026-12-31T23:30:00+00:00"
    check_near(EARLIEST + FURTHEST, EARLIEST, "at")
    check_observed([EARLIEST + CLOCK_DIFFERENCE, EARLIEST], EARLIEST)
    refusals: dict[str, Callable[[], object]] = {
        "moment_in_the_future": lambda: check_past(EARLIEST + instant, EARLIEST, "at"),
        "moment_too_far": lambda: check_near(EARLIEST + FURTHEST + instant, EARLIEST, "at"),
        "observed_in_the_future": lambda: check_observed([EARLIEST + CLOCK_DIFFERENCE + instant], EARLIEST),
    }
    for code, check in refusals.items():
        with pytest.raises(InvalidInput) as refused:
            check()
        assert refused.value.code == code
