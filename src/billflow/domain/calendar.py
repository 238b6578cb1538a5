"""Billing periods: always counted from the stored anchor, never from the previous billing date."""

from calendar import isleap
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, timedelta

from billflow.domain.errors import InvalidInput

MONTHS_A_YEAR = 12
_FEBRUARY = 2
MICROSECOND = timedelta(microseconds=1)
_LAST_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span `[start, end)` of UTC time."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """Return the time between start and end."""
        return self.end - self.start

    @property
    def microseconds(self) -> int:
        """Return the length in whole microseconds, the unit fractions of a cycle are counted in."""
        return (self.end - self.start) // MICROSECOND


def add_months(start: datetime, months: int, *, leap_february: bool = True) -> datetime:
    """Move *start* by calendar months, keeping the time of day and capping the day at the month's last.

    With `leap_february=False` February has 28 days in every year, as in the reference (rules 31).
    Raises `InvalidInput` for a negative number of months, or one that leads beyond the year 9999.
    """
    if months < 0:
        raise InvalidInput("months must be 0 or more.", field="months", code="negative_months")
    carry, month = divmod(start.month - 1 + months, MONTHS_A_YEAR)
    if start.year + carry > MAXYEAR:
        message = f"months must not lead beyond the year {MAXYEAR}."
        raise InvalidInput(message, field="months", code="date_out_of_range")
    year, month = start.year + carry, month + 1
    last = 29 if month == _FEBRUARY and leap_february and isleap(year) else _LAST_DAYS[month - 1]
    return start.replace(year=year, month=month, day=min(start.day, last))


def first_step_after(anchor: datetime, months: int, after: datetime, *, leap_february: bool = True) -> datetime:
    """Return the first of anchor, anchor + *months*, anchor + 2 * *months* ... strictly later than *after*."""
    if after < anchor:
        return anchor
    passed = (after.year - anchor.year) * MONTHS_A_YEAR + after.month - anchor.month
    step = max(passed // months, 0)
    while (billing_date := add_months(anchor, step * months, leap_february=leap_february)) <= after:
        step += 1
    return billing_date


def steps_between(anchor: datetime, months: int, moment: datetime, *, leap_february: bool = True) -> int:
    """Count the steps of *months* from *anchor* that lie at or before *moment*; 0 at the anchor, and before it."""
    if moment < anchor:
        return 0
    upper = (moment.year - anchor.year) * MONTHS_A_YEAR + moment.month - anchor.month
    steps = upper // months
    return steps if add_months(anchor, steps * months, leap_february=leap_february) <= moment else steps - 1


def next_month(anchor: datetime, after: datetime, *, leap_february: bool = True) -> datetime:
    """Return the monthly billing date 21 to 39 whole days after *after* (the reference's helper)."""
    guess = max((after.year - anchor.year) * MONTHS_A_YEAR + after.month - anchor.month, 0)
    for months in range(guess, guess + 3):
        billing_date = add_months(anchor, months, leap_february=leap_february)
        if timedelta(days=21) <= billing_date - after < timedelta(days=40):
            return billing_date
    message = "No monthly billing date lies 21 to 39 days after that moment; name another."
    raise InvalidInput(message, code="no_next_month", field="after")


def check_zone(moment: datetime, field: str) -> None:
    """Refuse a moment without a time zone; raises `InvalidInput`."""
    if moment.tzinfo is None:
        raise InvalidInput(f"{field} needs a time zone; write it as 2027-01-31T00:00:00Z.", field=field)


def without_microseconds(moment: datetime) -> datetime:
    """Drop the part of a second, as every anchor does (rules 4)."""
    return moment.replace(microsecond=0)


def month_begins(at: datetime, months: int) -> list[datetime]:
    """Return the first moments, UTC, of the last *months* whole months before *at*, and of the month of *at*."""
    now = at.astimezone(UTC)
    running = now.year * MONTHS_A_YEAR + now.month - 1
    begun = (divmod(n, MONTHS_A_YEAR) for n in range(running - months, running + 1))
    return [datetime(year, month + 1, 1, tzinfo=UTC) for year, month in begun]
