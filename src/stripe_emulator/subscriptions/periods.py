"""Periods of prices that recur, counted from a billing cycle anchor."""

from calendar import monthrange
from datetime import UTC, datetime

from stripe_emulator.types import Obj

DAY = 86_400
MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}


def step(anchor: int, recurring: Obj, number: int) -> int:
    """Return the anchor moved by `number` periods: the same day and time, or the last day of a shorter month."""
    length = int(recurring["interval_count"]) * number
    if recurring["interval"] in DAYS:
        return anchor + DAYS[recurring["interval"]] * length * DAY
    moment = datetime.fromtimestamp(anchor, UTC)
    months = moment.year * 12 + moment.month - 1 + MONTHS[recurring["interval"]] * length
    year, month = divmod(months, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return int(moment.replace(year=year, month=month + 1, day=day).timestamp())


def end_after(anchor: int, recurring: Obj, moment: int) -> int:
    """Return the first end of a period later than `moment`; the anchor itself where the moment lies before it."""
    if moment < anchor:
        return anchor
    number = max((moment - anchor) // (step(anchor, recurring, 1) - anchor) - 1, 0)
    while step(anchor, recurring, number) <= moment:
        number += 1
    return step(anchor, recurring, number)


def same_interval(one: Obj, other: Obj) -> bool:
    """Tell whether two prices recur as often as each other."""
    return all(one[name] == other[name] for name in ("interval", "interval_count"))
