"""What a line is held against: the invoice it is on, and the facts of the proof by what names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billflow_verify.amounts import step_of
from billflow_verify.audit_log import naming_entry, prices
from billflow_verify.faults import ProofFault

Line = Mapping[str, Any]


@dataclass(frozen=True)
class ProvenFacts:
    """The facts of one proof."""

    proof: Mapping[str, Any]

    @property
    def lines(self) -> list[Line]:
        """Return the lines in order."""
        return list(self.proof["lines"])

    @property
    def step(self) -> int:
        """Return what the invoice's amounts are multiples of."""
        return step_of(self.proof["invoice"]["currency"])

    @property
    def is_corrected(self) -> bool:
        """Tell whether a person issued the invoice again, and may have named other prices and quantities."""
        return bool(naming_entry(self.proof)["subject_type"] == "invoice")

    @property
    def is_part(self) -> bool:
        """Tell whether one charge would have been too large, and was divided among several invoices."""
        return len(naming_entry(self.proof)["detail"]["invoices"]) > 1

    def prices(self, name: str) -> set[int]:
        """Return what a price of the plan was, as far as the audit log says so."""
        return prices(self.proof, name)

    def entry(self, seq: int) -> Mapping[str, Any]:
        """Return a ledger entry; raises `ProofFault`."""
        for entry in self.proof["ledger"]:
            if entry["seq"] == seq:
                return dict(entry)
        raise ProofFault(f"The proof lacks ledger entry {seq}.")

    def added(self, seq: int) -> int:
        """Return how many licenses a ledger entry has more than the one before it about the same."""
        entry = self.entry(seq)
        same = (one for one in self.proof["ledger"] if one["add_on"] == entry["add_on"] and one["seq"] < seq)
        before = max(same, key=lambda one: one["seq"], default=None)
        return int(entry["licenses"] - (before["licenses"] if before else 0))


def name_of(line: Line) -> str:
    """Return how sentences name a line."""
    return f"Line {line['n']} ({line['description']})"
