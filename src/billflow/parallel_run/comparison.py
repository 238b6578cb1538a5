"""One plan's computed invoices beside those that the other system issued, billing date by billing date (rules 41.2)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from billflow.dry_run.causes import Cause, Effects
from billflow.dry_run.comparison import LineDifference
from billflow.models.contracts.imports import OpeningLineKind
from billflow.parallel_run.explained import differences, of_totals, one_sided
from billflow.parallel_run.issued import IssuedInvoice, kind_of, total_of
from billflow.parallel_run.pairs import ComputedInvoice, Together, put_together

GRACE = timedelta(days=1)
"""How long after a billing date an invoice may come before it is missing."""


class ComparedVerdict(StrEnum):
    """How a billing date compares; `waiting` is one that a system may still bill."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_ISSUED = "not_issued"
    NOT_COMPUTED = "not_computed"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledInParallel:
    """What both systems bill of one plan since `since`, as of `now` in the time it lives in.

    `on_hold_since` is since when billflow can't bill it.
    """

    plan_id: str
    since: datetime
    now: datetime
    computed: tuple[ComputedInvoice, ...] = ()
    issued: tuple[IssuedInvoice, ...] = ()
    on_hold_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedDate:
    """What both systems bill at one billing date; amounts in minor units, None on the side that bills nothing.

    Where only Stripe computes the tax, its tax is in both: `tax_not_compared`. What the causes make of it adds up
    to the difference.
    """

    at: datetime
    verdict: ComparedVerdict
    currency: str
    computed: int | None
    issued: int | None
    computed_ids: tuple[str, ...]
    issued_numbers: tuple[str, ...]
    lines: tuple[LineDifference, ...]
    tax_not_compared: int = 0

    @property
    def difference(self) -> int:
        """Return by how much billflow's is more."""
        return (self.computed or 0) - (self.issued or 0)

    @property
    def causes(self) -> Effects:
        """Return what each cause makes of the difference."""
        found: Counter[Cause] = Counter()
        for line in self.lines:
            for cause, effect in line.causes.items():
                found[cause] += effect
        return dict(found)


def compare(plan: BilledInParallel, grace: timedelta = GRACE) -> list[ComparedDate]:
    """Compare every billing date since the parallel run began, the oldest first; what bills nothing is left out."""
    issued = [one for one in plan.issued if one.at >= plan.since]
    return [_compared(one, plan, grace) for one in put_together(plan.computed, issued) if _bills(one)]


def _bills(one: Together) -> bool:
    both = bool(one.computed) and bool(one.issued)
    return both or any(line.amount for pair in one.lines for line in pair if line is not None)


def _compared(one: Together, plan: BilledInParallel, grace: timedelta) -> ComparedDate:
    their_tax = any(ours.invoice.automatic_tax for ours in one.computed)
    verdict, lines = _judged(one, plan, grace, their_tax=their_tax)
    theirs = [line for _, line in one.lines if line]
    taxed = total_of(line for line in theirs if line.kind is OpeningLineKind.TAX) if their_tax else 0
    return ComparedDate(
        at=one.at,
        verdict=verdict,
        currency=one.currency,
        computed=total_of([line for line, _ in one.lines if line]) + taxed if one.computed else None,
        issued=total_of(theirs) if one.issued else None,
        computed_ids=tuple(ours.id for ours in one.computed),
        issued_numbers=tuple(other.number for other in one.issued),
        lines=lines,
        tax_not_compared=taxed if one.computed else 0,
    )


def _judged(
    one: Together, plan: BilledInParallel, grace: timedelta, *, their_tax: bool
) -> tuple[ComparedVerdict, tuple[LineDifference, ...]]:
    if one.computed and one.issued:
        told = all(other.lines for other in one.issued)
        found = tuple(differences(one.lines, tax_is_theirs=their_tax) if told else of_totals(one.lines))
        return (ComparedVerdict.DIFFERENT if found else ComparedVerdict.EQUAL), found
    if plan.now < _until(one) + grace:
        return ComparedVerdict.WAITING, tuple(one_sided(one.lines, Cause.NOT_YET))
    if one.computed:
        return ComparedVerdict.NOT_ISSUED, tuple(one_sided(one.lines, Cause.INVOICE))
    held = plan.on_hold_since is not None and plan.on_hold_since <= one.at + grace
    return ComparedVerdict.NOT_COMPUTED, tuple(one_sided(one.lines, Cause.ON_HOLD if held else Cause.INVOICE))


def _until(one: Together) -> datetime:
    """Return until when the other side may bill the same: changes within a cycle perhaps with its renewal."""
    periods = [line.derivation.period for line, _ in one.lines if line]
    periods += [line.period for _, line in one.lines if line]
    if _kinds(one) - {OpeningLineKind.DISCOUNT, OpeningLineKind.TAX} != {OpeningLineKind.PRORATION}:
        return one.at
    return max(one.at, *(period.end for period in periods))


def _kinds(one: Together) -> set[OpeningLineKind]:
    ours = {kind_of(line.kind) for line, _ in one.lines if line}
    return ours | {line.kind for _, line in one.lines if line}


def matches_since(dates: Sequence[ComparedDate]) -> datetime | None:
    """Return since which billing date both systems bill the same, None where the newest one differs or none is known.

    What is waited for counts neither way.
    """
    since = None
    for one in sorted(dates, key=lambda date: date.at):
        if one.verdict is ComparedVerdict.EQUAL:
            since = since or one.at
        elif one.verdict is not ComparedVerdict.WAITING:
            since = None
    return since
