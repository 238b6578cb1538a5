"""Lists that are sorted by something else than when their rows came to be."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Text, func, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.records import ListOrder

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Later than any moment: rows without one come after those that have one."""


def read_moment(text: str) -> datetime:
    """Return the moment that a cursor names, in UTC where it has no zone; raises `ValueError` for what is none."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True)
class SortKey:
    """What rows can be sorted by: in SQL, of a row, and as a cursor has it."""

    column: InstrumentedAttribute[Any]
    read: Callable[[str], Any] = str

    @property
    def expression(self) -> ColumnElement[Any]:
        """Return it in SQL."""
        return func.coalesce(self.column, literal(NEVER)) if self._is_moment else self.column.expression

    def of(self, row: object) -> Any:
        """Return it of a row."""
        value = getattr(row, self.column.key)
        return NEVER if value is None else value

    @property
    def _is_moment(self) -> bool:
        return self.read is read_moment


@dataclass(frozen=True)
class Sorting:
    """A key that a list is sorted by, and the ids of its rows, which tell those apart that have the same."""

    key: SortKey
    id: InstrumentedAttribute[UUID]
    ascending: bool

    @property
    def table(self) -> Any:
        """Return the table whose rows are sorted."""
        return self.id.class_

    @property
    def columns(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Return what is sorted by, in SQL."""
        both = (self.key.expression, self.id)
        first, second = (one.asc() if self.ascending else one.desc() for one in both)
        return first, second

    def cursor(self, row: Any) -> str:
        """Return where a row is."""
        value = self.key.of(row)
        return json.dumps([value.isoformat() if isinstance(value, datetime) else str(value), str(row.id)])

    @property
    def kinds(self) -> tuple[TypeEngine[Any], TypeEngine[Any]]:
        """Return the types of the values of a place; of what a cursor has as text, that."""
        return Text() if self.key.read is str else self.key.column.type, self.id.type

    def beyond(self, place: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return that a row comes after a place."""
        here = tuple_(self.key.expression, self.id)
        return here > place if self.ascending else here < place

    def place(self, cursor: str) -> tuple[object, object]:
        """Return the values of a place; raises `ValueError` for what is none."""
        value, row_id = json.loads(cursor)
        return self.key.read(value), UUID(row_id)


def sorting_of(
    order: ListOrder | None, keys: Mapping[str, SortKey], row_id: InstrumentedAttribute[UUID]
) -> Sorting | None:
    """Return how a list is sorted, None for the newest first; raises `InvalidInput` for what it is not sorted by."""
    if order is None:
        return None
    if order.by not in keys:
        message = f"A list is not sorted by {order.by!r}; choose one of {', '.join(sorted(keys))}."
        raise InvalidInput(message, field="sort")
    return Sorting(keys[order.by], row_id, order.ascending)
