"""An invoice over the most that one charge can be, as several that can be charged (rules 25)."""

from collections.abc import Sequence
from dataclasses import replace

from billflow.domain.currencies import CURRENCIES
from billflow.domain.invoicing.draft import ADDITIONS, InvoiceDraft, Line
from billflow.domain.invoicing.tax import untaxed, with_tax
from billflow.domain.money import Rounding
from billflow.domain.tax.amounts import most_net
from billflow.domain.tax.policy import UNTAXED, Treatment


def in_parts(lines: Sequence[Line], currency: str, treatment: Treatment = UNTAXED) -> list[tuple[Line, ...]]:
    """Divide *lines* among as few invoices as it takes in order, none over the currency's maximum with its tax.

    A line of several units is divided by its units, one of a single unit by its amount; the parts add up exactly. The
    first part of a line names the ledger entries, or the item, that it bills. Discounts and credits stay in the first
    invoice.
    """
    maximum = most_net(treatment, CURRENCIES[currency].maximum, CURRENCIES[currency].step)
    invoices: list[list[Line]] = [[line for line in lines if line.amount < 0]]
    for line in (whole for whole in lines if whole.amount >= 0):
        for chunk in _chunks(line, maximum):
            if sum(one.amount for one in invoices[-1]) + chunk.amount > maximum:
                invoices.append([])
            invoices[-1].append(chunk)
    first, *others = invoices
    return [
        (*[one for one in first if one.amount >= 0], *[one for one in first if one.amount < 0]),
        *map(tuple, others),
    ]


def draft_in_parts(draft: InvoiceDraft, treatment: Treatment) -> list[InvoiceDraft]:
    """Return the drafts of the parts, each with its tax; the first one uses up the months of discounts."""
    parts = in_parts(untaxed(draft.lines), draft.currency, treatment)
    first, *others = [tuple(with_tax(part, treatment, draft.currency)) for part in parts]
    return [
        replace(draft, lines=first),
        *(replace(draft, lines=part, flat_discount_months=0, coupon_use=None) for part in others),
    ]


def _chunks(line: Line, maximum: int) -> list[Line]:
    if line.amount <= maximum:
        return [line]
    if line.unit_amount > maximum:
        return [
            _first_bills(line, part, n) for part in _units(line) for n, part in enumerate(_by_amount(part, maximum))
        ]
    each = maximum // line.unit_amount
    sizes = [min(each, line.quantity - begun) for begun in range(0, line.quantity, each)]
    chunks = [replace(line, derivation=replace(line.derivation, quantity=size)) for size in sizes]
    return [_first_bills(line, chunk, n) for n, chunk in enumerate(chunks)]


def _units(line: Line) -> list[Line]:
    single = replace(line, derivation=replace(line.derivation, quantity=1))
    return [single if n == 0 else replace(single, entries=(), item=None) for n in range(line.quantity)]


def _by_amount(unit: Line, maximum: int) -> list[Line]:
    """Divide one unit into the fewest equal parts that can be charged, the larger ones first."""
    whole, step = unit.amount, unit.derivation.step
    count = -(-whole // maximum)
    more = whole // step % count
    return [
        replace(
            unit,
            derivation=replace(
                unit.derivation,
                price=whole,
                numerator=1,
                denominator=count,
                less=0,
                cycle=None,
                rounding=Rounding.UP if n < more else Rounding.DOWN,
                note=f"part {n + 1} of {count}",
            ),
        )
        for n in range(count)
    ]


def _first_bills(line: Line, part: Line, n: int) -> Line:
    """Let the first part bill the entries of the line, and the others of an addition go with it (rules 8.9)."""
    if n == 0:
        return part
    adjusts = line.entries[0] if line.kind in ADDITIONS and line.entries else line.adjusts
    return replace(part, entries=(), item=None, adjusts=adjusts)
