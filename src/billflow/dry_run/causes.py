"""Why an amount is another: the numbers of its derivation put in the place of the old ones, one after another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from billflow.domain.errors import InvalidInput
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.proration import Derivation
from billflow.dry_run.bills import ForeseenLine


class Cause(StrEnum):
    """What makes a bill another."""

    PRICE = "price"
    """Another price of a license, a unit of an add-on or an item."""

    QUANTITY = "quantity"
    """More or fewer licenses or units."""

    PERIOD = "period"
    """Another time that is paid for, or another part of a cycle."""

    DISCOUNT = "discount"
    """More or less off."""

    TAX = "tax"
    """Another rate or treatment."""

    TAXED_AMOUNT = "taxed amount"
    """The same tax on another amount."""

    ROUNDING = "rounding"
    """The same numbers, rounded otherwise."""

    BILLED_BEFORE = "billed before"
    """More or less that was billed already and is taken off."""

    LINE = "line"
    """A line that the other bill doesn't have."""

    INVOICE = "invoice"
    """An invoice that the other bill doesn't have, such as on another date."""

    NOT_YET = "not yet issued"
    """An invoice that the other system of a parallel run, or billflow, may still make."""

    ON_HOLD = "on hold"
    """A plan that can't go on by one of the rules, or not any more than by the other."""

    DESCRIPTION = "description"
    """Other words."""


Effects = Mapping[Cause, int]
"""What each cause makes of an amount, in minor units; they add up to the whole difference."""

_DISCOUNTS = frozenset({LineKind.FLAT_DISCOUNT.value, LineKind.COUPON.value})
_USUAL = (Cause.PRICE, Cause.QUANTITY, Cause.PERIOD, Cause.ROUNDING, Cause.BILLED_BEFORE)
_OF_TAX = (Cause.TAXED_AMOUNT, Cause.TAXED_AMOUNT, Cause.TAX, Cause.ROUNDING, Cause.TAX)
_OF_DISCOUNT = (Cause.DISCOUNT, Cause.DISCOUNT, Cause.PERIOD, Cause.ROUNDING, Cause.DISCOUNT)
_STEPS = (
    ("price",),
    ("quantity",),
    ("numerator", "denominator", "period", "cycle"),
    ("rounding", "step"),
    ("less",),
)
"""The numbers of a derivation, in the order in which the new ones replace the old ones."""


def alone(line: ForeseenLine) -> Cause:
    """Return the cause of a line that the other bill doesn't have."""
    if line.kind == LineKind.TAX.value:
        return Cause.TAX
    return Cause.DISCOUNT if line.kind in _DISCOUNTS else Cause.LINE


def effects(before: ForeseenLine, after: ForeseenLine) -> Effects:
    """Return what made one line the other; nothing where they are the same."""
    if before == after:
        return {}
    is_tax = before.kind == LineKind.TAX.value
    old, new = (replace(line.derivation, less=0) if is_tax else line.derivation for line in (before, after))
    found: dict[Cause, int] = {}
    for cause, effect in _replaced(old, new, _causes(before)):
        found[cause] = found.get(cause, 0) + effect
    if is_tax and before.amount == after.amount == 0:
        return dict.fromkeys(found or (Cause.TAX,), 0)  # the prices contain it
    if rest := after.amount - before.amount - sum(found.values()):  # the same numbers, and yet another amount
        cause = Cause.TAX if is_tax and before.derivation.less != after.derivation.less else Cause.ROUNDING
        found[cause] = found.get(cause, 0) + rest
    return found or {Cause.DESCRIPTION: 0}


def _replaced(before: Derivation, after: Derivation, causes: Sequence[Cause]) -> Iterator[tuple[Cause, int]]:
    """Put the numbers of *after* in the place of those of *before* in turn, and yield what each does to the amount."""
    now, amount = before, before.amount
    for names, cause in zip(_STEPS, causes, strict=True):
        new: dict[str, Any] = {name: getattr(after, name) for name in names}
        if any(getattr(now, name) != value for name, value in new.items()):
            now = replace(now, **new)
            coming = _amount_if_whole(now, amount)
            yield cause, coming - amount
            amount = coming


def _amount_if_whole(derivation: Derivation, otherwise: int) -> int:
    """Return the amount of numbers that may be partly new; *otherwise* where they are none that can be charged."""
    try:
        return derivation.amount
    except InvalidInput:
        return otherwise


def _causes(line: ForeseenLine) -> Sequence[Cause]:
    if line.kind == LineKind.TAX.value:
        return _OF_TAX
    return _OF_DISCOUNT if line.kind in _DISCOUNTS else _USUAL
