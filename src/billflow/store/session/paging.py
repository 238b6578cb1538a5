"""Lists by the page, the newest first, by offset or from a cursor on."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.util import LRUCache

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.records import Page, Paging
from billflow.store.session.database import CONNECTION, ORG, ROW_COUNTS, Reading
from billflow.store.session.dialect import MOST_STATEMENTS
from billflow.store.session.plain_rows import plain_rows
from billflow.store.session.row_counts import RowCounts, shape_of, values_and_shape
from billflow.store.session.sent_queries import Query
from billflow.store.session.sort_keys import Sorting

Record = TypeVar("Record")
Order = tuple[InstrumentedAttribute[Any], ...]
"""Columns of one table that put its rows in order: a moment and an id, or a sequence."""

ALL = Paging()
MOST_COUNTED = 10_000
"""Rows that a total counts; of a longer list it says so many, so that none costs more for being longer."""

_MOST_DIGITS = 18


async def page(
    session: AsyncSession | Reading,
    query: Query,
    order: Order | Sorting,
    paging: Paging,
    record: Callable[[Any], Record],
) -> Page[Record]:
    """Return one page of *query*; its first entity has the columns of *order*.

    What else it joins must neither filter nor multiply: of it nothing is counted. A list that fits needs no counting.
    Raises `InvalidInput` for a cursor that is none of ours.
    """
    asked = query if paging.after is None else query.where(_beyond(order, paging.after))
    part, values = _made_once(asked, order)
    found = await plain_rows(session, part, {**values, _MOST: paging.limit + 1, _SKIPPED: paging.offset})
    rows = found[: paging.limit]
    following = _cursor(order, rows[-1][0]) if len(found) > paging.limit else None
    is_whole = paging.after is None and paging.offset == 0 and following is None
    total = len(rows) if is_whole else await _total(session, query, order)
    return Page(rows=tuple(map(record, rows)), total=total, next=following)


def _made_once(query: Query, order: Order | Sorting) -> tuple[Query, dict[str, object]]:
    """Return what reads a part of *query*, the same object for all queries that differ in values only, and these."""
    shape = shape_of(query)
    by = (order.key.column.key, order.ascending) if isinstance(order, Sorting) else tuple([one.key for one in order])
    if (made := _parts.get((shape.key, by))) is None:
        columns = order.columns if isinstance(order, Sorting) else [column.desc() for column in order]
        part = query.order_by(*columns).limit(bindparam(_MOST, type_=Integer())).offset(_SKIP)
        made = _parts[shape.key, by] = part, [bind.key for bind in shape.bindparams]
    part, keys = made
    return part, dict(zip(keys, (bind.effective_value for bind in shape.bindparams), strict=True))


_MOST, _SKIPPED = "most_rows", "skipped_rows"
_SKIP = bindparam(_SKIPPED, type_=Integer())
_parts: LRUCache[Any, tuple[Query, list[str]]] = LRUCache(MOST_STATEMENTS)


async def _total(session: AsyncSession | Reading, query: Query, order: Order | Sorting) -> int:
    table = order.table if isinstance(order, Sorting) else order[0].class_

    def counting() -> Select[int]:
        counted: Query = select(literal_column("1")).select_from(table).limit(MOST_COUNTED)
        if query.whereclause is not None:
            counted = counted.where(query.whereclause)
        return select(func.count()).select_from(counted.subquery())

    counts: RowCounts = session.info[ROW_COUNTS]
    where = () if query.whereclause is None else values_and_shape(query.whereclause)
    return await counts.count(session.info[CONNECTION], (session.info[ORG], table, where), counting)


def _cursor(order: Order | Sorting, row: object) -> str:
    text = order.cursor(row) if isinstance(order, Sorting) else _place(order, row)
    return base64.urlsafe_b64encode(text.encode()).decode()


def _place(order: Order, row: object) -> str:
    values = (getattr(row, column.key) for column in order)
    return " ".join(value.isoformat() if isinstance(value, datetime) else str(value) for value in values)


def _beyond(order: Order | Sorting, cursor: str) -> ColumnElement[bool]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        return order.beyond(text) if isinstance(order, Sorting) else _before(order, text)
    except (ValueError, TypeError):
        raise InvalidInput(
            "after is no cursor of this list; use the page's next.", code="bad_cursor", field="after"
        ) from None


def _before(order: Order, text: str) -> ColumnElement[bool]:
    parsers = _SEQUENCE if len(order) == len(_SEQUENCE) else _MOMENT_AND_ID
    place = [parse(part) for parse, part in zip(parsers, text.split(" "), strict=True)]
    return tuple_(*order) < tuple_(*place)


_SEQUENCE: tuple[Callable[[str], Any], ...] = (lambda text: int(text if len(text) <= _MOST_DIGITS else "too long"),)
_MOMENT_AND_ID: tuple[Callable[[str], Any], ...] = (datetime.fromisoformat, UUID)
