"""Lists by the page, the newest first, by offset or from a cursor on."""

import base64
from collections.abc import Callable, Sequence
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


async def page(  # noqa: PLR0913  (each says one thing of the list)
    session: AsyncSession,
    query: Select[*tuple[Any, ...]],
    order: Order | Sorting,
    paging: Paging,
    record: Callable[[Any], Record],
    *,
    found_by: Sequence[ColumnElement[bool]] | None = None,
    counting: Select[int] | None = None,
) -> Page[Record]:
    """Return one page of *query*; its first entity has the columns of *order*.

    What else it joins must neither filter nor multiply: of it nothing is counted. A list that fits needs no counting.
    With *found_by* the ids of the page are found by these conditions first, and joined then: for a list whose rows no
    index has in this order. *counting* counts the list otherwise than by its conditions. Raises `InvalidInput` for a
    cursor that is none of ours.
    """
    listed = query if found_by is None else query.where(*found_by)
    part = _part(listed, order, paging) if found_by is None else _joined(query, listed, order, paging)
    found = await plain_rows(session, part)
    rows = found[: paging.limit]
    following = _cursor(order, rows[-1][0]) if len(found) > paging.limit else None
    is_whole = paging.after is None and paging.offset == 0 and following is None
    total = len(rows) if is_whole else await _total(session, _counting(listed, order) if counting is None else counting)
    return Page(rows=tuple(map(record, rows)), total=total, next=following)


def _part(query: Select[*tuple[Any, ...]], order: Order | Sorting, paging: Paging) -> Select[*tuple[Any, ...]]:
    """Return the rows of a page and one more, in order."""
    part = query.order_by(*_columns(order)).limit(paging.limit + 1).offset(paging.offset)
    return part if paging.after is None else part.where(_beyond(order, paging.after))


def _joined(
    query: Select[*tuple[Any, ...]], listed: Select[*tuple[Any, ...]], order: Order | Sorting, paging: Paging
) -> Select[*tuple[Any, ...]]:
    """Return the rows of a page and one more: what *query* joins is looked up for these alone."""
    row_id = _table(order).id
    ids = select(row_id).correlate(None)
    if listed.whereclause is not None:
        ids = ids.where(listed.whereclause)
    return query.where(row_id.in_(_part(ids, order, paging))).order_by(*_columns(order))


def _columns(order: Order | Sorting) -> Sequence[ColumnElement[Any]]:
    return order.columns if isinstance(order, Sorting) else [column.desc() for column in order]


def _table(order: Order | Sorting) -> Any:
    return order.table if isinstance(order, Sorting) else order[0].class_


def _counting(query: Select[*tuple[Any, ...]], order: Order | Sorting) -> Select[int]:
    counted: Select[*tuple[Any, ...]] = select(literal_column("1")).select_from(_table(order)).limit(MOST_COUNTED)
    if query.whereclause is not None:
        counted = counted.where(query.whereclause)
    return select(func.count()).select_from(counted.subquery())


async def _total(session: AsyncSession, counting: Select[int]) -> int:
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
