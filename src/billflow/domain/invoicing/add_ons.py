"""Recurring add-ons on an invoice: a cycle in advance, or what was added for the rest of one (rules 35.2)."""

from collections.abc import Iterator, Sequence

from billflow.domain.calendar import Period
from billflow.domain.currencies import CURRENCIES
from billflow.domain.invoicing.charges import Addition, Charge, Cycles, Renewal, charges
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.ledger import LedgerEntry
from billflow.domain.proration import Derivation, prorated
from billflow.domain.step import Step


def add_on_lines(step: Step, open_entries: Sequence[LedgerEntry]) -> Iterator[Line]:
    """Yield the lines that bill *open_entries*, add-on by add-on."""
    bundle, cycles = step.facts.settings.bundle_additions_by_date, Cycles(step.ledger)
    for code in dict.fromkeys(str(entry.add_on) for entry in open_entries):
        entries, unbilled = (
            [one for one in many if one.add_on == code] for many in (step.add_ons.entries, open_entries)
        )
        for charge in charges(entries, unbilled, bundle=bundle, cycles=cycles):
            if line := _line(step, step.facts.catalog.add_on_name(code), charge):
                yield line


def _line(step: Step, name: str, charge: Charge) -> Line | None:
    if isinstance(charge, Addition):
        return _addition(step, name, charge)
    return _renewal(step, name, charge) if charge.entry.licenses else None


def _renewal(step: Step, name: str, charge: Renewal) -> Line:
    entry = charge.entry
    period = Period(entry.event_time, step.cycle_end(entry.event_time))
    smallest = CURRENCIES[step.plan.currency].step
    derivation = Derivation(price=entry.price or 0, quantity=entry.licenses, period=period, step=smallest)
    return Line(LineKind.ADD_ON, name, derivation, (entry.seq,))


def _addition(step: Step, name: str, charge: Addition) -> Line:
    first, ends = charge.entries[0], step.plan.end_date
    cycle = step.cycle_of(charge.renewal, first.event_time)
    derivation = prorated(
        first.price or 0,
        charge.quantity,
        charged=Period(first.event_time, cycle.end if ends is None else min(cycle.end, ends)),
        cycle=cycle,
        step=CURRENCIES[step.plan.currency].step,
    )
    seqs = tuple([entry.seq for entry in charge.entries])
    return Line(LineKind.ADDITIONAL_ADD_ON, f"Additional {name}", derivation, seqs)
