"""Walking the ledger: which entries still have to be billed, and which of them share a line (rules 8.2, 8.4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from billflow.domain.ledger import LedgerEntry


@dataclass(frozen=True, slots=True)
class Renewal:
    """A cycle that begins with *entry*."""

    entry: LedgerEntry


@dataclass(frozen=True, slots=True)
class Addition:
    """Licences added within the cycle that `renewal` began; `entries` share one line, priced from the first of them."""

    entries: tuple[LedgerEntry, ...]
    quantity: int
    renewal: LedgerEntry


Charge = Renewal | Addition


def charges(ledger: Sequence[LedgerEntry], open_entries: Sequence[LedgerEntry], *, bundle: bool) -> Iterator[Charge]:
    """Yield what *open_entries* add up to, in the order invoices list it.

    With *bundle*, additions of one UTC date and one cycle become one charge, which closes when the next group
    begins: a renewal met meanwhile comes first (rules 8.4, billflow rules 6).
    """
    if not open_entries:
        return iter(())
    renewals = [entry for entry in ledger if entry.is_renewal] or [ledger[0]]
    walk = _by_date if bundle else _one_by_one
    return walk(open_entries, renewals, _held_before(ledger, open_entries[0]))


def _held_before(ledger: Sequence[LedgerEntry], first_open: LedgerEntry) -> int:
    """Return the licences held before *first_open*; where nothing came before, it adds none (rules 8.2)."""
    earlier = [entry for entry in ledger if entry.seq < first_open.seq]
    return (earlier[-1] if earlier else first_open).licenses


def _begun_with(renewals: Sequence[LedgerEntry], entry: LedgerEntry) -> LedgerEntry:
    """Return the renewal that began the cycle of *entry*: the newest one not later than it (rules 8.3)."""
    return next((renewal for renewal in reversed(renewals) if renewal.event_time <= entry.event_time), renewals[0])


def _one_by_one(open_entries: Sequence[LedgerEntry], renewals: Sequence[LedgerEntry], before: int) -> Iterator[Charge]:
    for entry in open_entries:
        added, before = entry.licenses - before, entry.licenses
        if entry.is_renewal:
            yield Renewal(entry)
        elif added > 0:
            yield Addition((entry,), added, _begun_with(renewals, entry))


def _by_date(open_entries: Sequence[LedgerEntry], renewals: Sequence[LedgerEntry], before: int) -> Iterator[Charge]:
    group: list[LedgerEntry] = []
    quantity, begun, date = 0, renewals[0], open_entries[0].event_time.date()
    for entry in open_entries:
        added, before = entry.licenses - before, entry.licenses
        if entry.is_renewal:
            yield Renewal(entry)
        elif added > 0:
            day, renewal = entry.event_time.date(), _begun_with(renewals, entry)
            if group and (day != date or renewal is not begun):
                yield Addition(tuple(group), quantity, begun)
                group, quantity = [], 0
            group.append(entry)
            quantity += added
            begun, date = renewal, day
    if group:
        yield Addition(tuple(group), quantity, begun)
