"""What a line is held against: the invoice it is on, the others it builds on, and the facts of the proof."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from billflow_verify.amounts import step_of
from billflow_verify.audit_log import naming_entry, plans_of, prices, replaced_by
from billflow_verify.faults import ProofFault

Line = Mapping[str, Any]


@dataclass(frozen=True)
class ProvenInvoice:
    """One invoice of a proof with its lines."""

    invoice: Mapping[str, Any]
    lines: list[Line]

    @property
    def id(self) -> str:
        """Return its id."""
        return str(self.invoice["id"])

    @property
    def step(self) -> int:
        """Return what its amounts are multiples of."""
        return step_of(self.invoice["currency"])

    @property
    def without_tax(self) -> list[Line]:
        """Return the lines without those over the tax."""
        return [line for line in self.lines if line["kind"] != "tax"]


@dataclass(frozen=True)
class ProvenFacts:
    """The facts of one proof: the invoice that is proved, and those that it builds on."""

    proof: Mapping[str, Any]
    invoices: Mapping[str, ProvenInvoice] = field(init=False)

    def __post_init__(self) -> None:
        books = [self.proof, *self.proof["others"]]
        made = [ProvenInvoice(one["invoice"], list(one["lines"])) for one in books]
        object.__setattr__(self, "invoices", {one.id: one for one in made})

    @property
    def proved(self) -> ProvenInvoice:
        """Return the invoice that is proved."""
        return self.invoices[self.proof["invoice"]["id"]]

    def chain(self) -> list[ProvenInvoice]:
        """Return the invoice that is proved, what it was issued in place of, and so on to the first one."""
        found = [self.proved]
        while (replaced := replaced_by(self.proof, found[-1].id)) is not None:
            if replaced not in self.invoices or len(found) > len(self.invoices):
                raise ProofFault(f"The proof lacks the invoice {replaced}, which was issued again.")
            found.append(self.invoices[replaced])
        return found

    def made_with(self, one: ProvenInvoice) -> list[ProvenInvoice]:
        """Return all invoices that its step made for its plan, in order; raises `ProofFault` where one is missing."""
        named = naming_entry(self.proof, one.id)["detail"]["invoices"]
        missing = [of["invoice_id"] for of in named if of["invoice_id"] not in self.invoices]
        if missing:
            raise ProofFault(f"The proof lacks the invoice {missing[0]}, which was made in the same step.")
        return [self.invoices[of["invoice_id"]] for of in named]

    def prices(self, name: str) -> set[int]:
        """Return what a price of the plan was, as far as the audit log says so."""
        return prices(self.proof, plans_of(self.proof), name)

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

    def lines_about(self, seq: int, but: list[ProvenInvoice]) -> Iterator[Line]:
        """Yield the lines that bill a ledger entry, or adjust what does, on other invoices than those *but*."""
        for one in self.invoices.values():
            if one not in but:
                yield from (line for line in one.lines if line["adjusts"] == seq or seq in line["entries"])


@dataclass(frozen=True)
class Billed:
    """What one step billed a plan: its invoices, and its lines as they were before they were divided among these."""

    facts: ProvenFacts
    invoices: list[ProvenInvoice]
    lines: list[Line]

    @property
    def step(self) -> int:
        """Return what the amounts are multiples of."""
        return self.invoices[0].step

    def beside(self, line: Line) -> list[list[Line]]:
        """Return the lines that a discount may be of: those of its invoice, and where this was divided, all."""
        own = next(one.without_tax for one in self.invoices if any(of is line for of in one.lines))
        return [own, self.lines] if len(self.invoices) > 1 else [own]


def name_of(line: Line) -> str:
    """Return how sentences name a line."""
    return f"Line {line['n']} ({line['description']})"
