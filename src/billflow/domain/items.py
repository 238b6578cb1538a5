"""One-off items of a plan: what is billed once, beside its licenses (rules 35)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from billflow.domain.errors import InvalidInput

MAX_DESCRIPTION = 500
MAX_QUANTITY = 1_000_000


class ItemStatus(StrEnum):
    """What became of an item."""

    PENDING = "pending"
    BILLED = "billed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something that is billed once: `quantity` units at `unit_amount` minor units of the plan's currency each.

    `seq` counts a plan's items from 1. It is for the time from `service_start` to `service_end`, where these are given.
    """

    seq: int
    description: str
    unit_amount: int
    quantity: int
    added_at: datetime
    service_start: datetime | None = None
    service_end: datetime | None = None
    status: ItemStatus = ItemStatus.PENDING


class ItemChanges:
    """The items of a plan during a step, and which of them the step changes."""

    def __init__(self, known: Iterable[Item] = ()) -> None:
        self._known = {item.seq: item for item in known}
        self._changed: dict[int, Item] = {}

    @property
    def next_seq(self) -> int:
        """Return the number of the next item that is added."""
        return max((*self._known, *self._changed), default=0) + 1

    @property
    def pending(self) -> list[Item]:
        """Return the items that are still to be billed, in the order they were added."""
        return [item for item in (self._known | self._changed).values() if item.status is ItemStatus.PENDING]

    @property
    def changed(self) -> tuple[Item, ...]:
        """Return the items that the step added, billed or withdrew."""
        return tuple(self._changed.values())

    def put(self, item: Item, status: ItemStatus = ItemStatus.PENDING) -> None:
        """Add an item, or say what became of one."""
        self._changed[item.seq] = replace(item, status=status)


def checked_quantity(quantity: int, *, least: int) -> int:
    """Return *quantity*, or raise `InvalidInput` where it lies outside *least* and the most (rules 30)."""
    if not least <= quantity <= MAX_QUANTITY:
        raise InvalidInput(
            f"quantity must lie between {least} and {MAX_QUANTITY:,}, not at {quantity:,}.", field="quantity"
        )
    return quantity
