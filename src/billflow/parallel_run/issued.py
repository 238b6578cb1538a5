"""What another system billed, in the shape in which billflow's own invoices are compared."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.money import Rounding, rounded
from billflow.domain.proration import Derivation
from billflow.dry_run.bills import ForeseenLine
from billflow.models.contracts.imports import OpeningLineKind

SAME_MOMENT = timedelta(hours=1)
"""How far apart two moments may lie that mean the same: systems round them, and learn of seats one after the other."""


_KINDS = {
    OpeningLineKind.LICENSES: LineKind.RENEWAL,
    OpeningLineKind.PRORATION: LineKind.ADDITIONAL_LICENSES,
    OpeningLineKind.DISCOUNT: LineKind.COUPON,
    OpeningLineKind.TAX: LineKind.TAX,
    OpeningLineKind.OTHER: LineKind.ITEM,
}
_GROUPS = {
    **dict.fromkeys(
        (
            LineKind.INITIAL_UPGRADE,
            LineKind.FIXED_PRICE_UPGRADE,
            LineKind.RENEWAL,
            LineKind.FIXED_PRICE_RENEWAL,
        ),
        OpeningLineKind.LICENSES,
    ),
    LineKind.ADDITIONAL_LICENSES: OpeningLineKind.PRORATION,
    LineKind.ADDITIONAL_ADD_ON: OpeningLineKind.PRORATION,
    LineKind.FLAT_DISCOUNT: OpeningLineKind.DISCOUNT,
    LineKind.COUPON: OpeningLineKind.DISCOUNT,
    LineKind.TAX: OpeningLineKind.TAX,
}


def kind_of(kind: str) -> OpeningLineKind:
    """Return what a line of billflow's is for."""
    return _GROUPS.get(LineKind(kind), OpeningLineKind.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedLine:
    """A line of the other system's; amounts in minor units. Where the price of a unit is not known it is None."""

    kind: OpeningLineKind
    description: str
    quantity: int
    unit_amount: int | None
    amount: int
    period: Period

    def foreseen(self, ours: Derivation | None = None) -> ForeseenLine:
        """Return it as a line of ours would be: with *ours* for the numbers that the other system doesn't tell."""
        unit = self.unit_amount if self.unit_amount is not None else _unit(self.amount, self.quantity)
        plain = Derivation(price=unit or 0, quantity=self.quantity, period=self.period)
        if ours is not None and ours.cycle is not None and self.quantity > 0 and self.period.microseconds > 0:
            plain = self._part_of_a_cycle(ours)
        elif unit is None or self.kind is OpeningLineKind.PRORATION:
            plain = Derivation(price=self.amount, quantity=1, period=self.period)
        elif ours is not None:
            plain = replace(plain, rounding=ours.rounding, step=ours.step)
        kind = _KINDS[self.kind].value
        return ForeseenLine(kind=kind, subject="", description=self.description, derivation=plain, amount=self.amount)

    def _part_of_a_cycle(self, ours: Derivation) -> Derivation:
        """Return how the amount came about at our price, or at the one that it tells where that is another."""
        share = Fraction(self.period.microseconds, ours.denominator) * self.quantity
        same = abs(self.amount - ours.price * share) <= self.quantity
        price = ours.price if same else rounded(self.amount / share, Rounding.HALF_UP)
        numerator = self.period.microseconds
        return replace(ours, price=price, quantity=self.quantity, numerator=numerator, period=self.period, less=0)


def _unit(amount: int, quantity: int) -> int | None:
    return amount // quantity if quantity > 0 and amount % quantity == 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedInvoice:
    """An invoice of the other system's, which it calls by `number`; one without `lines` tells its total alone.

    It is dated when its period begins or, without one, when it was issued.
    """

    id: str
    number: str
    currency: str
    total: int
    dated_at: datetime
    lines: tuple[IssuedLine, ...]

    @property
    def at(self) -> datetime:
        """Return the billing date it is for: when the licenses' period begins, else its own date."""
        begins = [line.period.start for line in self.lines if line.kind is OpeningLineKind.LICENSES]
        return min(begins, default=self.dated_at)

    def netted(self) -> tuple[IssuedLine, ...]:
        """Return its lines, prorations of one change as one: what is added, less what was not used of before.

        What the lines don't tell of the total is a line of its own.
        """
        changes: dict[tuple[datetime, datetime], list[IssuedLine]] = {}
        others = []
        for line in self.lines:
            if line.kind is OpeningLineKind.PRORATION:
                changes.setdefault((line.period.start, line.period.end), []).append(line)
            else:
                others.append(line)
        told = [*others, *(_net(lines) for lines in changes.values())]
        if rest := self.total - sum(line.amount for line in told):
            told.append(_rest(self, rest))
        return tuple(told)


def _net(lines: list[IssuedLine]) -> IssuedLine:
    added = next((line for line in lines if line.amount >= 0), lines[0])
    quantity = sum(line.quantity if line.amount >= 0 else -line.quantity for line in lines)
    return replace(added, quantity=quantity, amount=total_of(lines))


def _rest(invoice: IssuedInvoice, amount: int) -> IssuedLine:
    return IssuedLine(
        kind=OpeningLineKind.OTHER,
        description=f"Of {invoice.number}, in no line",
        quantity=1,
        unit_amount=amount,
        amount=amount,
        period=Period(invoice.at, invoice.at),
    )


def total_of(lines: Iterable[IssuedLine | ForeseenLine]) -> int:
    """Return the sum of lines, in minor units."""
    return sum(line.amount for line in lines)
