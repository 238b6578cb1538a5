"""Lists by the page, the newest first, by offset or from a cursor on."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.records import Page, Paging
from billflow.store.session.database import ORG, ROW_COUNTS
from billflow.store.session.plain_rows import plain_rows
from billflow.store.session.row_counts import RowCounts
from billflow.store.session.sort_keys import Sorting

Record = TypeVar("Record")
Order = tuple[InstrumentedAttribute[Any], ...]
"""Columns of one table that put its rows in order: a moment and an id, or a sequence."""

ALL = Paging()
MOST_COUNTED = 10_000
"""Rows that a total counts; of a longer list it says so many, so that none costs more for being longer."""

_MOST_DIGITS = 18


async def page(
    session: AsyncSession,
    query: Select[*tuple[Any, ...]],
    order: Order | Sorting,
    paging: Paging,
    record: Callable[[Any], Record],
) -> Page[Record]:
    """Return one page of *query*; its first entity has the columns of *order*.

    What else it joins must neither filter nor multiply: of it nothing is counted. A list that fits needs no counting.
    Raises `InvalidInput` for a cursor that is none of ours.
    """
    columns = order.columns if isinstance(order, Sorting) else [column.desc() for column in order]
    part = query.order_by(*columns).limit(paging.limit + 1)
    if paging.after is not None:
        part = part.where(_beyond(order, paging.after))
    found = await plain_rows(session, part.offset(paging.offset))
    rows = found[: paging.limit]
    following = _cursor(order, rows[-1][0]) if len(found) > paging.limit else None
    is_whole = paging.after is None and paging.offset == 0 and following is None
    total = len(rows) if is_whole else await _total(session, query, order)
    return Page(rows=tuple(map(record, rows)), total=total, next=following)


async def _total(session: AsyncSession, query: Select[*tuple[Any, ...]], order: Order | Sorting) -> int:
    table = order.table if isinstance(order, Sorting) else order[0].class_
    counted: Select[*tuple[Any, ...]] = select(literal_column("1")).select_from(table).limit(MOST_COUNTED)
    if query.whereclause is not None:
        counted = counted.where(query.whereclause)
    counting = select(func.count()).select_from(counted.subquery())
    counts: RowCounts = session.info[ROW_COUNTS]
    return await counts.count(session, session.info[ORG], counting)


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
