"""Pictures of numbers over time as SVG: steps and bars in whole pixels, with the numbers themselves for the table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from billflow.models.contracts.customer_finances import DaySeats, LicensesFrom, UsageRecord

WIDTH, HEIGHT = 720, 180
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 12, 26


@dataclass(frozen=True)
class Tick:
    """A mark on an axis, at a pixel."""

    at: int
    label: str


@dataclass(frozen=True)
class SeatChart:
    """Seats over time as a line with what is below it, and licenses over them as steps; `days` are the numbers."""

    seats: str
    area: str
    licenses: str
    ticks: tuple[Tick, ...]
    months: tuple[Tick, ...]
    days: tuple[DaySeats, ...]
    steps: tuple[LicensesFrom, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    base: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class _Scale:
    since: datetime
    until: datetime
    most: int

    def x(self, at: datetime) -> int:
        """Return the pixel of a moment; one outside is at the edge."""
        inside = min(max(at, self.since), self.until) - self.since
        return LEFT + int(inside / (self.until - self.since) * (WIDTH - LEFT - RIGHT))

    def y(self, count: int) -> int:
        """Return the pixel of a number."""
        return HEIGHT - BOTTOM - count * (HEIGHT - TOP - BOTTOM) // self.most


def seat_chart(usage: UsageRecord) -> SeatChart | None:
    """Draw what was seen and held, from the first of it on; None where there is nothing."""
    begun = [_begin(one.day) for one in usage.seats] + [one.at for one in usage.licenses]
    if not begun:
        return None
    most = max([one.members + one.guests for one in usage.seats] + [one.licenses for one in usage.licenses] + [1])
    since = min(*begun, usage.until - timedelta(days=1))
    scale = _Scale(since, usage.until, rounded_up(most))
    seats = _steps(scale, [(_begin(one.day), one.members + one.guests) for one in usage.seats])
    base = HEIGHT - BOTTOM
    area = f"{seats} V{base} H{scale.x(_begin(usage.seats[0].day))} Z" if usage.seats else ""
    return SeatChart(
        seats=seats,
        area=area,
        licenses=_steps(scale, [(one.at, one.licenses) for one in usage.licenses]),
        ticks=tuple(Tick(scale.y(count), f"{count:,}") for count in (0, scale.most // 2, scale.most)),
        months=tuple(_months(scale)),
        days=usage.seats,
        steps=usage.licenses,
    )


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _steps(scale: _Scale, points: Sequence[tuple[datetime, int]]) -> str:
    """Return a path that holds each number until the next."""
    if not points:
        return ""
    first, *rest = points
    path = [f"M{scale.x(first[0])} {scale.y(first[1])}"]
    path += [f"H{scale.x(at)} V{scale.y(count)}" for at, count in rest]
    return " ".join([*path, f"H{scale.x(scale.until)}"])


def _months(scale: _Scale) -> Iterator[Tick]:
    """Yield the first days of months, at most some eight of them."""
    months = (scale.until.year - scale.since.year) * 12 + scale.until.month - scale.since.month
    every = max(1, months // 6)
    for n in range(1, months + 1, every):
        years, month = divmod(scale.since.month - 1 + n, 12)
        at = datetime(scale.since.year + years, month + 1, 1, tzinfo=UTC)
        if scale.x(at) <= WIDTH - RIGHT - 20:
            yield Tick(scale.x(at), f"{at:%b %Y}" if month == 0 or n == 1 else f"{at:%b}")


def rounded_up(count: int) -> int:
    """Return an even number that an axis can end at: 2, 4, 10, 20, 40, 100, …"""
    unit = 1
    while True:
        for steps in (2, 4, 6, 10):
            if steps * unit >= count:
                return steps * unit
        unit *= 10
