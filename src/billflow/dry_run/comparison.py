"""Two bills of one plan beside each other: invoices by date, lines by what they are for, and what differs."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from billflow.dry_run.bills import ForeseenInvoice, ForeseenLine, Hold, PlanBill
from billflow.dry_run.causes import Cause, Effects, alone, effects

One = TypeVar("One")
Pairs = Iterator[tuple[One | None, One | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDifference:
    """A line that is another, or that only one bill has; what each cause makes of it in minor units."""

    kind: str
    description: str
    before: ForeseenLine | None
    after: ForeseenLine | None
    causes: Effects

    @property
    def difference(self) -> int:
        """Return by how much the amount rises."""
        return sum(self.causes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceDifference:
    """An invoice that is another, or that only one bill has; a total is None on the side that has none."""

    at: datetime
    kind: str
    before: int | None
    after: int | None
    lines: tuple[LineDifference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDifference:
    """A plan whose bill is another: both totals up to the date, and what each cause makes of the difference."""

    plan_id: str
    customer_id: str
    tier: str
    currency: str
    before: int
    after: int
    causes: Effects
    invoices: tuple[InvoiceDifference, ...]
    on_hold_before: Hold | None = None
    on_hold_after: Hold | None = None

    @property
    def difference(self) -> int:
        """Return by how much the total rises, in minor units."""
        return self.after - self.before


def compare(before: PlanBill, after: PlanBill) -> PlanDifference | None:
    """Return what is otherwise in *after*; None where the bills say the same."""
    if before == after:
        return None
    held = before.on_hold != after.on_hold
    invoices = sorted(_invoices(before, after, held=held), key=lambda found: (found.at, found.kind))
    causes: Counter[Cause] = Counter({Cause.ON_HOLD: 0} if held else {})
    for line in (line for invoice in invoices for line in invoice.lines):
        for cause, effect in line.causes.items():
            causes[cause] += effect
    return PlanDifference(
        plan_id=before.plan_id,
        customer_id=before.customer_id,
        tier=before.tier,
        currency=before.currency,
        before=sum(invoice.total for invoice in before.invoices),
        after=sum(invoice.total for invoice in after.invoices),
        causes=dict(causes) or {Cause.INVOICE: 0},
        invoices=tuple(invoices),
        on_hold_before=before.on_hold,
        on_hold_after=after.on_hold,
    )


def _invoices(before: PlanBill, after: PlanBill, *, held: bool) -> Iterator[InvoiceDifference]:
    cause = Cause.ON_HOLD if held else Cause.INVOICE
    for old, new in _paired(before.invoices, after.invoices, lambda one: (one.at, one.kind), lambda one: one.at):
        if old and new:
            if old != new:
                yield _invoice(new, tuple(_lines(old, new)), old.total, new.total)
        elif new:
            yield _invoice(new, tuple(_added(line, cause) for line in new.lines), None, new.total)
        elif old:
            yield _invoice(old, tuple(_dropped(line, cause) for line in old.lines), old.total, None)


def _invoice(
    known: ForeseenInvoice, lines: tuple[LineDifference, ...], before: int | None, after: int | None
) -> InvoiceDifference:
    return InvoiceDifference(at=known.at, kind=known.kind, before=before, after=after, lines=lines)


def _lines(before: ForeseenInvoice, after: ForeseenInvoice) -> Iterator[LineDifference]:
    pairs = _paired(
        before.lines,
        after.lines,
        lambda line: (line.kind, line.subject, line.derivation.period.start),
        lambda line: (line.kind, line.subject),
    )
    for old, new in pairs:
        if old and new:
            if old != new:
                yield _changed(old, new, effects(old, new))
        elif new:
            yield _added(new, alone(new))
        elif old:
            yield _dropped(old, alone(old))
    if before.automatic_tax != after.automatic_tax:
        yield _changed(before.lines[0], after.lines[0], {Cause.TAX: 0})  # Stripe's tax has no line of ours


def _changed(old: ForeseenLine, new: ForeseenLine, causes: Effects) -> LineDifference:
    return LineDifference(kind=new.kind, description=new.description, before=old, after=new, causes=causes)


def _added(line: ForeseenLine, cause: Cause) -> LineDifference:
    return LineDifference(
        kind=line.kind, description=line.description, before=None, after=line, causes={cause: line.amount}
    )


def _dropped(line: ForeseenLine, cause: Cause) -> LineDifference:
    return LineDifference(
        kind=line.kind, description=line.description, before=line, after=None, causes={cause: -line.amount}
    )


def _paired(
    before: Sequence[One], after: Sequence[One], exact: Callable[[One], Hashable], alike: Callable[[One], Hashable]
) -> Pairs[One]:
    """Yield what is the same thing in both: by its *exact* key, the rest by what is *alike*, in their order."""
    left, right = list(before), list(after)
    for key in (exact, alike):
        waiting: defaultdict[Hashable, list[One]] = defaultdict(list)
        for one in right:
            waiting[key(one)].append(one)
        unpaired = []
        for one in left:
            if same := waiting[key(one)]:
                yield one, same.pop(0)
            else:
                unpaired.append(one)
        left, right = unpaired, [one for same in waiting.values() for one in same]
    yield from ((one, None) for one in left)
    yield from ((None, one) for one in right)
