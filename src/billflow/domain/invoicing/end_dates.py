"""Licenses added for a part of a cycle, when the end they were charged up to has moved (rules 8.9)."""

from collections.abc import Sequence
from dataclasses import replace

from billflow.domain.additions import BilledAddition
from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import ADDITIONS, END_DATE_CHANGES, Line, LineKind
from billflow.domain.proration import Derivation
from billflow.domain.step import Step


def end_date_changes(step: Step) -> list[Line]:
    """Return a line for each addition that costs more or less than was billed, now that the plan ends otherwise.

    Of an addition that was credited before nothing more is credited.
    """
    changes = [_change(step, addition) for addition in step.facts.additions]
    credited = {addition.seq for addition in step.facts.additions if addition.credited}
    return [line for line in changes if line.amount > 0 or (line.amount < 0 and line.adjusts not in credited)]


def _change(step: Step, addition: BilledAddition) -> Line:
    billed, ends = addition.derivation, step.plan.end_date
    cycle, start = addition.cycle, billed.period.start
    until = max(cycle.end if ends is None else min(cycle.end, ends), start)
    period = Period(min(addition.until, until), max(addition.until, until))
    charged = Period(start, until).microseconds
    derivation = replace(billed, numerator=charged, less=addition.unit, period=period)
    description = f"{addition.description}, end date moved"
    kind = LineKind.ADD_ON_END_DATE_CHANGE if addition.of_add_on else LineKind.END_DATE_CHANGE
    return Line(kind, description, derivation, adjusts=addition.seq)


def credit_to_balance(lines: Sequence[Line]) -> Line | None:
    """Return the line that puts onto the customer's balance what the credits exceed the charges by (rules 8.9)."""
    owed = -sum(line.amount for line in lines)
    if owed <= 0:
        return None
    period = next(line for line in lines if line.kind in END_DATE_CHANGES).derivation.period
    return Line(LineKind.CREDIT_TO_BALANCE, "Credit to the balance", Derivation(price=owed, quantity=1, period=period))


def additions_after(additions: Sequence[BilledAddition], lines: Sequence[Line]) -> tuple[BilledAddition, ...]:
    """Return what is billed of each addition once *lines* are: new ones, their parts, and those that are adjusted.

    The parts of one change are alike but for their licenses, and change a license once. A license so dear that its own
    price was divided stays as it was billed.
    """
    known = {addition.seq: addition for addition in additions}
    changes: dict[int, Derivation] = {}
    for line in (one for one in lines if one.derivation.cycle is not None):
        if line.adjusts is not None and line.adjusts in known:
            change = replace(line.derivation, quantity=1)
            if changes.get(line.adjusts) != change:
                known[line.adjusts] = _continued(known[line.adjusts], line)
            if line.kind in END_DATE_CHANGES:
                changes[line.adjusts] = change
        elif line.kind in ADDITIONS:
            seq, billed = line.entries[0], line.derivation
            known[seq] = BilledAddition(
                seq=seq,
                description=line.description,
                of_add_on=line.kind is LineKind.ADDITIONAL_ADD_ON,
                derivation=billed,
                unit=billed.unit_amount,
                until=billed.period.end,
            )
    return tuple(known.values())


def _continued(addition: BilledAddition, line: Line) -> BilledAddition:
    if line.kind in END_DATE_CHANGES:
        return addition.adjusted(line.derivation)
    quantity = addition.derivation.quantity + line.quantity
    return replace(addition, derivation=replace(addition.derivation, quantity=quantity))
