"""Recurring add-ons of a plan: how many units it holds of each, and will renew with (rules 35.2)."""

from collections.abc import Iterable
from dataclasses import replace

from billflow.domain.ledger import LedgerEntry


class AddOnLedger:
    """The ledger entries about a plan's add-ons; their sequence numbers go on with those about its licenses."""

    def __init__(self, known: Iterable[LedgerEntry] = ()) -> None:
        self.entries = list(known)
        self._newest = {str(entry.add_on): entry for entry in self.entries}

    @property
    def last_seq(self) -> int:
        """Return the number of the newest entry, 0 where there is none."""
        return self.entries[-1].seq if self.entries else 0

    @property
    def newest(self) -> dict[str, LedgerEntry]:
        """Return the newest entry about each add-on that the plan holds, or renews with."""
        return {code: one for code, one in self._newest.items() if one.licenses or one.licenses_at_next_renewal}

    def append(self, entry: LedgerEntry) -> None:
        """Append an entry."""
        self.entries.append(entry)
        self._newest[str(entry.add_on)] = entry

    def carry(self, entry: LedgerEntry) -> None:
        """Let the first cycle begin with what a plan that ended would have renewed with."""
        if entry.licenses_at_next_renewal:
            self._newest[str(entry.add_on)] = entry

    def renew(self, renewal: LedgerEntry) -> None:
        """Append an entry for each add-on to the *renewal* of the licenses: a cycle begins with what was set for it."""
        for seq, last in enumerate(self.newest.values(), start=renewal.seq + 1):
            units = last.licenses_at_next_renewal
            begun = replace(last, seq=seq, event_time=renewal.event_time, is_renewal=True, licenses=units)
            self.append(replace(begun, allocated=False))
