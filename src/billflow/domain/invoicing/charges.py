"""Walking the ledger: which entries still have to be billed, and which of them share a line (rules 8.2, 8.4)."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from billflow.domain.ledger import LedgerEntry


@dataclass(frozen=True, slots=True)
class Renewal:
    """A cycle that begins with *entry*."""

    entry: LedgerEntry


@dataclass(frozen=True, slots=True)
class Addition:
    """Licenses added within the cycle that `renewal` began; `entries` share one line, priced from the first of them."""

    entries: tuple[LedgerEntry, ...]
    quantity: int
    renewal: LedgerEntry


Charge = Renewal | Addition


def charges(
    ledger: Sequence[LedgerEntry],
    open_entries: Sequence[LedgerEntry],
    *,
    bundle: bool,
    cycles: "Cycles | None" = None,
) -> Iterator[Charge]:
    """Yield what *open_entries* add up to, in the order invoices list it.

    For the entries of an add-on, which begin with none, the licenses' *cycles* are given.

    With *bundle*, additions of one UTC date and one cycle become one charge, which closes when the next group
    begins: a renewal met meanwhile comes first (rules 8.4).
    """
    if not open_entries:
        return iter(())
    walk = _by_date if bundle else _one_by_one
    before = _held_before(ledger, open_entries[0])
    if before is None:
        before = 0 if cycles else open_entries[0].licenses
    return walk(open_entries, cycles or Cycles(ledger), before)


class Cycles:
    """The renewals of a ledger, each the beginning of a cycle."""

    def __init__(self, ledger: Sequence[LedgerEntry]) -> None:
        self._renewals = [entry for entry in ledger if entry.is_renewal] or [ledger[0]]
        self._begins = [renewal.event_time for renewal in self._renewals]

    def begun_by(self, moment: datetime) -> LedgerEntry:
        """Return the renewal whose cycle *moment* lies in: the newest one not later than it (rules 8.3)."""
        return self._renewals[(bisect_right(self._begins, moment) or 1) - 1]


def _held_before(ledger: Sequence[LedgerEntry], first_open: LedgerEntry) -> int | None:
    """Return the licenses held before *first_open*, None where nothing came before: it adds none (rules 8.2)."""
    return next((entry.licenses for entry in reversed(ledger) if entry.seq < first_open.seq), None)


def _one_by_one(open_entries: Sequence[LedgerEntry], cycles: Cycles, before: int) -> Iterator[Charge]:
    for entry in open_entries:
        added, before = entry.licenses - before, entry.licenses
        if entry.is_renewal:
            yield Renewal(entry)
        elif added > 0:
            yield Addition((entry,), added, cycles.begun_by(entry.event_time))


def _by_date(open_entries: Sequence[LedgerEntry], cycles: Cycles, before: int) -> Iterator[Charge]:
    group: list[LedgerEntry] = []
    quantity, begun, date = 0, cycles.begun_by(open_entries[0].event_time), open_entries[0].event_time.date()
    for entry in open_entries:
        added, before = entry.licenses - before, entry.licenses
        if entry.is_renewal:
            yield Renewal(entry)
        elif added > 0:
            moment = entry.event_time
            day, renewal = moment.date(), cycles.begun_by(moment)
            if group and (day != date or renewal is not begun or entry.price != group[0].price):
                yield Addition(tuple(group), quantity, begun)
                group, quantity = [], 0
            group.append(entry)
            quantity += added
            begun, date = renewal, day
    if group:
        yield Addition(tuple(group), quantity, begun)
