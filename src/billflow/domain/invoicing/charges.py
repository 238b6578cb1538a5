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
    renewal, before = _begun_with(ledger, open_entries[0])
    walk = _by_date if bundle else _one_by_one
    return walk(open_entries, renewal, before)


def _begun_with(ledger: Sequence[LedgerEntry], first_open: LedgerEntry) -> tuple[LedgerEntry, int]:
    """Return the renewal that *first_open* comes after, and the licences held before it."""
    earlier = [entry for entry in ledger if entry.seq < first_open.seq]
    renewal = next((entry for entry in reversed(earlier) if entry.is_renewal), ledger[0])
    return renewal, earlier[-1].licenses if earlier else 0


def _one_by_one(open_entries: Sequence[LedgerEntry], renewal: LedgerEntry, before: int) -> Iterator[Charge]:
    for entry in open_entries:
        added, before = entry.licenses - before, entry.licenses
        if entry.is_renewal:
            renewal = entry
            yield Renewal(entry)
        elif added > 0:
            yield Addition((entry,), added, renewal)


def _by_date(open_entries: Sequence[LedgerEntry], renewal: LedgerEntry, before: int) -> Iterator[Charge]:
    group: list[LedgerEntry] = []
    quantity, group_renewal, group_date = 0, renewal, open_entries[0].event_time.date()
    for entry in open_entries:
        added, before = entry.licenses - before, entry.licenses
        if entry.is_renewal:
            renewal = entry
            yield Renewal(entry)
        elif added > 0:
            day = entry.event_time.date()
            if group and (day != group_date or renewal is not group_renewal):
                yield Addition(tuple(group), quantity, group_renewal)
                group, quantity = [], 0
            group.append(entry)
            quantity += added
            group_renewal, group_date = renewal, day
    if group:
        yield Addition(tuple(group), quantity, group_renewal)
