"""Walking the ledger: which entries still have to be billed, and which of them share a line (rules 8.2, 8.4)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from billflow.domain.ledger import LedgerEntry


@dataclass(frozen=True, slots=True)
class Renewal:
    """A cycle that begins with *entry*."""

    entry: LedgerEntry


@dataclass(frozen=True, slots=True)
class Addition:
    """Licences added within a cycle; `entries` share one line, priced from the first of them."""

    entries: tuple[LedgerEntry, ...]
    quantity: int


Charge = Renewal | Addition


def charges(ledger: Sequence[LedgerEntry], open_entries: Sequence[LedgerEntry], *, bundle: bool) -> Iterator[Charge]:
    """Yield what *open_entries* add up to, in the order invoices list it.

    With *bundle*, additions of one UTC date and one cycle become one charge, which closes when the next group
    begins: a renewal met meanwhile comes first (rules 8.4, billflow rules 6).
    """
    walk = _Walk(bundle=bundle)
    before = _licenses_before(ledger, open_entries)
    for entry in open_entries:
        if entry.is_renewal:
            walk.cycle += 1
            yield Renewal(entry)
        elif entry.licenses > before:
            yield from walk.add(entry, entry.licenses - before)
        before = entry.licenses
    yield from walk.close()


def _licenses_before(ledger: Sequence[LedgerEntry], open_entries: Sequence[LedgerEntry]) -> int:
    if not open_entries:
        return 0
    earlier = (entry for entry in reversed(ledger) if entry.seq < open_entries[0].seq)
    entry = next(earlier, None)
    return entry.licenses if entry else 0


class _Walk:
    """The group of additions that is still open."""

    def __init__(self, *, bundle: bool) -> None:
        self.bundle = bundle
        self.cycle = 0
        self.key: tuple[int, date] | None = None
        self.entries: list[LedgerEntry] = []
        self.quantity = 0

    def add(self, entry: LedgerEntry, quantity: int) -> Iterator[Addition]:
        if not self.bundle:
            yield Addition((entry,), quantity)
            return
        key = (self.cycle, entry.event_time.date())
        if key != self.key:
            yield from self.close()
        self.key = key
        self.entries.append(entry)
        self.quantity += quantity

    def close(self) -> Iterator[Addition]:
        if self.entries:
            yield Addition(tuple(self.entries), self.quantity)
        self.entries, self.quantity = [], 0
