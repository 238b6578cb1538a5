"""Amounts over time as bars of an SVG picture, in whole pixels, with their labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billflow.console.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Tick, rounded_up
from billflow.domain.currencies import CURRENCIES

WIDEST = 36
_THOUSAND, _MILLION = 1000, 1_000_000
_LABELS = 8


@dataclass(frozen=True)
class Point:
    """An amount in minor units, and what it is of."""

    label: str
    amount: int


@dataclass(frozen=True)
class Bar:
    """One amount as it is drawn."""

    x: int
    y: int
    width: int
    height: int
    middle: int
    point: Point


@dataclass(frozen=True)
class BarChart:
    """Bars from a zero line, up or down, with labels below some of them, and the marks of their axis."""

    bars: tuple[Bar, ...]
    labels: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def bar_chart(points: Sequence[Point], currency: str) -> BarChart | None:
    """Draw amounts of one currency; None where all are nothing."""
    if not any(point.amount for point in points):
        return None
    top = rounded_up(max(0, *(point.amount for point in points)))
    under = max(0, *(-point.amount for point in points))
    least = rounded_up(under) if under else 0
    slot = (WIDTH - LEFT - RIGHT) / len(points)

    def y(amount: int) -> int:
        return TOP + (top - amount) * (HEIGHT - TOP - BOTTOM) // (top + least)

    every = -(-len(points) // _LABELS)
    bars = tuple(
        _bar(point, LEFT + int(slot * (n + 0.5)), max(2, min(WIDEST, int(slot * 0.7))), (y(point.amount), y(0)))
        for n, point in enumerate(points)
    )
    labels = tuple(Tick(bar.middle, bar.point.label) for bar in bars[::every])
    marks = sorted({-least, 0, top // 2, top})
    return BarChart(bars, labels, tuple(Tick(y(mark), compact(mark, currency)) for mark in marks))


def _bar(point: Point, middle: int, width: int, ys: tuple[int, int]) -> Bar:
    height = max(abs(ys[0] - ys[1]), 1 if point.amount else 0)
    return Bar(x=middle - width // 2, y=min(ys), width=width, height=height, middle=middle, point=point)


def compact(minor_units: int, currency: str) -> str:
    """Write an amount for an axis, in whole units and without its currency: `500`, `12k`, `1.5M`."""
    units = Decimal(minor_units).scaleb(-CURRENCIES[currency].decimals)
    for size, letter in ((_MILLION, "M"), (_THOUSAND, "k")):
        if abs(units) >= size:
            return f"{(units / size).normalize():f}{letter}"
    return f"{units.normalize():f}"
