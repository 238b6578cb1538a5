"""Which invoices of both systems are about the same billing date, and which lines about the same licenses."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from billflow.dry_run.bills import ForeseenInvoice, ForeseenLine
from billflow.models.contracts.imports import OpeningLineKind
from billflow.parallel_run.issued import SAME_MOMENT, IssuedInvoice, IssuedLine, kind_of

SAME_DATE = timedelta(days=3)
"""How far apart both systems may date what is due at one billing date; no two dates of a plan are that near."""

Left = TypeVar("Left")
Right = TypeVar("Right")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedInvoice:
    """An invoice that billflow computed and didn't issue."""

    id: str
    invoice: ForeseenInvoice


@dataclass(frozen=True, slots=True, eq=False)
class OurLine:
    """A line of ours, and which invoice it is on."""

    line: ForeseenLine
    invoice: str


@dataclass(frozen=True, slots=True, eq=False)
class TheirLine:
    """A line of the other system's, and which invoice it is on."""

    line: IssuedLine
    invoice: str


@dataclass(slots=True)
class Together:
    """Invoices that are about the same: in one `currency`, with lines that are paired or that one side alone has."""

    currency: str
    computed: list[ComputedInvoice] = field(default_factory=list)
    issued: list[IssuedInvoice] = field(default_factory=list)
    lines: list[tuple[ForeseenLine | None, IssuedLine | None]] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        """Return the billing date: ours where we have one."""
        ours = [one.invoice.at for one in self.computed]
        return min(ours) if ours else min(one.at for one in self.issued)


def put_together(computed: Sequence[ComputedInvoice], issued: Sequence[IssuedInvoice]) -> list[Together]:
    """Put invoices of one plan together by date, and those that share lines of one change, the oldest first."""
    found = []
    for currency in sorted({one.invoice.currency for one in computed} | {one.currency for one in issued}):
        mine = [one for one in computed if one.invoice.currency == currency]
        theirs = [one for one in issued if one.currency == currency]
        found += _in_currency(currency, mine, theirs)
    return sorted(found, key=lambda one: one.at)


def _in_currency(currency: str, computed: Sequence[ComputedInvoice], issued: Sequence[IssuedInvoice]) -> list[Together]:
    dated = [*nearest(computed, issued, _our_date, _their_date, SAME_DATE)]
    lines = [*_across_dates([pair for ours, theirs in dated for pair in _lines(ours, theirs)])]
    groups = _Groups([*(one.id for one in computed), *(one.id for one in issued)])
    for ours, theirs in dated:
        groups.join(ours.id if ours else None, theirs.id if theirs else None)
    for our_line, their_line in lines:
        groups.join(our_line.invoice if our_line else None, their_line.invoice if their_line else None)
    together: defaultdict[str, Together] = defaultdict(lambda: Together(currency))
    for one in computed:
        together[groups.of(one.id)].computed.append(one)
    for other in issued:
        together[groups.of(other.id)].issued.append(other)
    for our_line, their_line in lines:
        on = our_line.invoice if our_line else their_line.invoice if their_line else ""
        pair = (our_line.line if our_line else None, their_line.line if their_line else None)
        together[groups.of(on)].lines.append(pair)
    return list(together.values())


def _our_date(one: ComputedInvoice) -> datetime:
    return one.invoice.at


def _their_date(one: IssuedInvoice) -> datetime:
    return one.at


class _Groups:
    """Which ids belong together, by those that were joined."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._parent = {one: one for one in ids}

    def of(self, one: str) -> str:
        while self._parent[one] != one:
            one = self._parent[one]
        return one

    def join(self, one: str | None, other: str | None) -> None:
        if one is not None and other is not None:
            self._parent[self.of(other)] = self.of(one)


def _lines(
    computed: ComputedInvoice | None, issued: IssuedInvoice | None
) -> Iterator[tuple[OurLine | None, TheirLine | None]]:
    ours = [OurLine(line, computed.id) for line in computed.invoice.lines] if computed else []
    theirs = [TheirLine(line, issued.id) for line in issued.netted()] if issued else []
    for kind in OpeningLineKind:
        mine = [one for one in ours if kind_of(one.line.kind) is kind]
        others = [one for one in theirs if one.line.kind is kind]
        anywhen = timedelta.max if kind is not OpeningLineKind.PRORATION else SAME_DATE
        yield from nearest(mine, others, _begins, _their_begin, anywhen)


def _across_dates(
    pairs: Sequence[tuple[OurLine | None, TheirLine | None]],
) -> Iterator[tuple[OurLine | None, TheirLine | None]]:
    """Pair changes within a cycle too that the two systems put on invoices of other dates."""
    ours = [one for one, other in pairs if one and not other and kind_of(one.line.kind) is OpeningLineKind.PRORATION]
    theirs = [other for one, other in pairs if other and not one and other.line.kind is OpeningLineKind.PRORATION]
    yield from (pair for pair in pairs if not (pair[0] in ours or pair[1] in theirs))
    yield from nearest(ours, theirs, _begins, _their_begin, SAME_DATE)


def _begins(one: OurLine) -> datetime:
    return one.line.derivation.period.start


def _their_begin(one: TheirLine) -> datetime:
    return one.line.period.start


def nearest(
    ours: Sequence[Left],
    theirs: Sequence[Right],
    our_time: Callable[[Left], datetime],
    their_time: Callable[[Right], datetime],
    within: timedelta,
) -> Iterator[tuple[Left | None, Right | None]]:
    """Pair what is nearest in time first, each once, and nothing further apart than *within*; then what is left."""
    distances = sorted(
        (abs(our_time(one) - their_time(other)), n, m) for n, one in enumerate(ours) for m, other in enumerate(theirs)
    )
    mine, others = dict(enumerate(ours)), dict(enumerate(theirs))
    for distance, n, m in distances:
        if distance <= max(within, SAME_MOMENT) and n in mine and m in others:
            yield mine.pop(n), others.pop(m)
    yield from ((one, None) for one in mine.values())
    yield from ((None, other) for other in others.values())
