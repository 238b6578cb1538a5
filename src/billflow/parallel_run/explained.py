"""Why an amount of the other system's is not ours, by cause; what the causes make of it adds up to the difference."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from billflow.domain.calendar import Period
from billflow.domain.money import Rounding, rounded_quotient
from billflow.domain.proration import Derivation
from billflow.dry_run.bills import ForeseenLine
from billflow.dry_run.causes import Cause, Effects, effects
from billflow.dry_run.comparison import LineDifference
from billflow.models.contracts.imports import OpeningLineKind
from billflow.parallel_run.issued import SAME_MOMENT, IssuedLine, kind_of, total_of

Pair = tuple[ForeseenLine | None, IssuedLine | None]

_ALONE = {OpeningLineKind.DISCOUNT: Cause.DISCOUNT, OpeningLineKind.TAX: Cause.TAX}


def one_sided(pairs: Sequence[Pair], cause: Cause) -> Iterator[LineDifference]:
    """Yield every line of invoices that one system alone has, all for one *cause*."""
    for ours, theirs in pairs:
        if amount := (ours.amount if ours else 0) - (theirs.amount if theirs else 0):
            yield _difference(ours, theirs.foreseen() if theirs else None, {cause: amount})


def of_totals(pairs: Sequence[Pair]) -> Iterator[LineDifference]:
    """Yield one difference of all lines where the other system tells totals alone."""
    yield from _summed(pairs, Cause.LINE)


def differences(pairs: Sequence[Pair], *, tax_is_theirs: bool) -> Iterator[LineDifference]:
    """Yield the lines that differ in more than words; where Stripe computes the tax, *tax_is_theirs*, none of tax."""
    plain: list[Pair] = []
    for kind in OpeningLineKind:
        held = [pair for pair in pairs if _kind(pair) is kind]
        if kind is OpeningLineKind.TAX:
            yield from () if tax_is_theirs else _tax(held, plain)
        elif kind is OpeningLineKind.DISCOUNT:
            yield from _summed(held, Cause.DISCOUNT)
        else:
            yield from _by_line(held, kind)
        plain += held


def _kind(pair: Pair) -> OpeningLineKind:
    ours, theirs = pair
    if theirs is not None:
        return theirs.kind
    return kind_of(ours.kind) if ours else OpeningLineKind.OTHER


def _by_line(pairs: Sequence[Pair], kind: OpeningLineKind) -> Iterator[LineDifference]:
    for ours, theirs in pairs:
        if ours and theirs:
            mine = ours if kind is OpeningLineKind.PRORATION else _whole(ours)
            other = _shifted(theirs.foreseen(mine.derivation), mine)
            if causes := _without_words(effects(other, mine)):
                yield _difference(ours, other, causes)
        elif amount := (ours.amount if ours else 0) - (theirs.amount if theirs else 0):
            yield _difference(ours, theirs.foreseen() if theirs else None, {_ALONE.get(kind, Cause.LINE): amount})


def _without_words(causes: Effects) -> Effects:
    """Leave out other words, and what makes no difference to an amount beside what does."""
    told = {cause: effect for cause, effect in causes.items() if effect or cause is not Cause.DESCRIPTION}
    return {} if set(told) <= {Cause.ROUNDING} and not any(told.values()) else told


def _whole(line: ForeseenLine) -> ForeseenLine:
    """Return a line by what a unit comes to, such as an instalment of a fixed price."""
    held = line.derivation
    whole = Derivation(price=held.unit_amount, quantity=held.quantity, period=held.period)
    return replace(line, derivation=whole)


def _shifted(theirs: ForeseenLine, ours: ForeseenLine) -> ForeseenLine:
    """Return a line of theirs in our period, where the two mean the same and nothing but rounding hangs on it."""
    mine, other = ours.derivation.period, theirs.derivation.period
    near = abs(mine.start - other.start) <= SAME_MOMENT and abs(mine.end - other.end) <= SAME_MOMENT
    if not near or (theirs.amount != ours.amount and ours.derivation.cycle is not None):
        return theirs
    return replace(theirs, derivation=replace(theirs.derivation, period=mine, numerator=ours.derivation.numerator))


def _summed(pairs: Sequence[Pair], cause: Cause) -> Iterator[LineDifference]:
    ours, theirs = [one for one, _ in pairs if one], [one for _, one in pairs if one]
    if amount := total_of(ours) - total_of(theirs):
        yield _difference(_sum(ours), _their_sum(theirs), {cause: amount})


def _tax(pairs: Sequence[Pair], taxed: Sequence[Pair]) -> Iterator[LineDifference]:
    ours, theirs = [one for one, _ in pairs if one], [one for _, one in pairs if one]
    tax, other = total_of(ours), total_of(theirs)
    if tax == other:
        return
    net, their_net = (total_of([pair[side] for pair in taxed if pair[side]]) for side in (0, 1))  # type: ignore[misc]
    causes: dict[Cause, int] = {}
    expected = tax
    if tax and net > 0 and net != their_net:
        expected = rounded_quotient(tax * their_net, net, Rounding.HALF_UP)
        causes[Cause.TAXED_AMOUNT] = tax - expected
    if rest := expected - other:
        few = abs(rest) <= max(len(taxed), 1) and tax and other
        causes[Cause.ROUNDING if few else Cause.TAX] = rest
    yield _difference(_sum(ours), _their_sum(theirs), causes)


def _sum(lines: Sequence[ForeseenLine]) -> ForeseenLine | None:
    if len(lines) <= 1:
        return lines[0] if lines else None
    return _of_sum(lines[0], ", ".join(line.description for line in lines), total_of(lines))


def _their_sum(lines: Sequence[IssuedLine]) -> ForeseenLine | None:
    if not lines:
        return None
    return _of_sum(lines[0].foreseen(), ", ".join(line.description for line in lines), total_of(lines))


def _of_sum(first: ForeseenLine, description: str, amount: int) -> ForeseenLine:
    period: Period = first.derivation.period
    whole = Derivation(price=amount, quantity=1, period=period)
    return replace(first, description=description, derivation=whole, amount=amount)


def _difference(ours: ForeseenLine | None, theirs: ForeseenLine | None, causes: Effects) -> LineDifference:
    known = ours or theirs
    return LineDifference(
        kind=known.kind if known else "",
        description=known.description if known else "",
        before=theirs,
        after=ours,
        causes=causes,
    )
