"""Lists by the page, the newest first, by offset or from a cursor on."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.records import Page, Paging
from billflow.store.session.database import ORG, ROW_COUNTS
from billflow.store.session.list_filters import ListFilter
from billflow.store.session.plain_rows import plain_rows
from billflow.store.session.row_counts import RowCounts
from billflow.store.session.sort_keys import Sorting, read_moment

Record = TypeVar("Record")
Order = tuple[InstrumentedAttribute[Any], ...]
"""Columns of one table that put its rows in order: a moment and an id, or a sequence."""

ALL = Paging()
MOST_COUNTED = 10_000
"""Rows that a total counts; of a longer list it says so many, so that none costs more for being longer."""

MOST_LISTS = 200
"""Combinations of filters of lists, each with its order, whose statements are kept."""

MOST, _SKIPPED = "most", "skipped"
_MOST_DIGITS = 18


@dataclass(frozen=True)
class FilteredQuery:
    """A query that is a constant of its module, and which of its rows are wanted.

    Its statements are made once for each combination of filters. With *ids_first* the ids of a page are found first,
    and what the query joins is looked up for these alone: for a list whose rows no index has in its order. *counting*,
    a constant too, counts the list, up to `MOST` rows, otherwise than by its conditions.
    """

    query: Select[*tuple[Any, ...]]
    wanted: ListFilter
    ids_first: bool = False
    counting: Select[int] | None = None


Listed = Select[*tuple[Any, ...]] | FilteredQuery


async def page(
    session: AsyncSession, listed: Listed, order: Order | Sorting, paging: Paging, record: Callable[[Any], Record]
) -> Page[Record]:
    """Return one page of what is *listed*, whose first entity has the columns of *order*.

    What else it joins must neither filter nor multiply: of it nothing is counted. A list that fits needs no counting.
    Raises `InvalidInput` for a cursor that is none of ours.
    """
    found = await _part(session, listed, order, paging)
    rows = found[: paging.limit]
    following = _cursor(order, rows[-1][0]) if len(found) > paging.limit else None
    is_whole = paging.after is None and paging.offset == 0 and following is None
    total = len(rows) if is_whole else await _total(session, listed, order)
    return Page(rows=tuple(map(record, rows)), total=total, next=following)


async def _part(session: AsyncSession, listed: Listed, order: Order | Sorting, paging: Paging) -> list[Any]:
    """Return the rows of a page, and the one after them."""
    values: dict[str, Any] = {MOST: paging.limit + 1, _SKIPPED: paging.offset}
    if is_after := paging.after is not None:
        values |= {f"after_{n}": value for n, value in enumerate(_place_named(order, paging.after or ""))}
    if isinstance(listed, FilteredQuery):
        make = _reading_by_ids_once if listed.ids_first else _reading_once
        reading = make(listed.query, listed.wanted.conditions, order, is_after=is_after)
        return await plain_rows(session, reading, {**listed.wanted.values, **values})
    return await plain_rows(session, _reading(listed, (), order, is_after=is_after, values=values))


async def _total(session: AsyncSession, listed: Listed, order: Order | Sorting) -> int:
    counts: RowCounts = session.info[ROW_COUNTS]
    most = {MOST: MOST_COUNTED}
    if isinstance(listed, FilteredQuery):
        counting = listed.counting
        if counting is None:
            counting = _counting_once(listed.query, listed.wanted.conditions, order)
        return await counts.count(session, session.info[ORG], counting, {**listed.wanted.values, **most})
    return await counts.count(session, session.info[ORG], _counting(listed, (), order, most))


def _reading(
    query: Any,
    conditions: Sequence[Any],
    order: Order | Sorting,
    *,
    is_after: bool,
    values: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """Return what reads a part of a list, after a place or from the first row on.

    *values* are those of its parameters, where it is made for these only.
    """
    part = query.where(*conditions).order_by(*_columns(order))
    if is_after:
        part = part.where(_beyond(order, values))
    return part.limit(_parameter(MOST, Integer(), values)).offset(_parameter(_SKIPPED, Integer(), values))


def _reading_by_ids(query: Any, conditions: Sequence[Any], order: Order | Sorting, *, is_after: bool) -> Any:
    """Return what reads the same: what the query joins is looked up for the rows of this part alone."""
    row_id, wanted = _table(order).id, query.where(*conditions).whereclause
    ids = _reading(select(row_id).correlate(None), () if wanted is None else (wanted,), order, is_after=is_after)
    return query.where(row_id.in_(ids)).order_by(*_columns(order))


def _columns(order: Order | Sorting) -> Sequence[ColumnElement[Any]]:
    return order.columns if isinstance(order, Sorting) else [column.desc() for column in order]


def _table(order: Order | Sorting) -> Any:
    return order.table if isinstance(order, Sorting) else order[0].class_


def _counting(
    query: Any, conditions: Sequence[Any], order: Order | Sorting, values: Mapping[str, Any] = MappingProxyType({})
) -> Any:
    """Return what counts the rows of a list, up to the most that are counted."""
    wanted, most = query.where(*conditions), _parameter(MOST, Integer(), values)
    rows: Select[*tuple[Any, ...]] = select(literal_column("1")).select_from(_table(order)).limit(most)
    if wanted.whereclause is not None:
        rows = rows.where(wanted.whereclause)
    return select(func.count()).select_from(rows.subquery())


def _beyond(order: Order | Sorting, values: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return that a row comes after a place."""
    kinds = order.kinds if isinstance(order, Sorting) else [column.type for column in order]
    place = tuple_(*(_parameter(f"after_{n}", kind, values) for n, kind in enumerate(kinds)))
    return order.beyond(place) if isinstance(order, Sorting) else tuple_(*order) < place


def _parameter(name: str, kind: TypeEngine[Any], values: Mapping[str, Any]) -> Any:
    return bindparam(name, values[name], type_=kind) if name in values else bindparam(name, type_=kind)


_reading_once, _reading_by_ids_once, _counting_once = (
    lru_cache(maxsize=MOST_LISTS)(make) for make in (_reading, _reading_by_ids, _counting)
)


def _cursor(order: Order | Sorting, row: object) -> str:
    text = order.cursor(row) if isinstance(order, Sorting) else _place(order, row)
    return base64.urlsafe_b64encode(text.encode()).decode()


def _place(order: Order, row: object) -> str:
    values = (getattr(row, column.key) for column in order)
    return " ".join(value.isoformat() if isinstance(value, datetime) else str(value) for value in values)


def _place_named(order: Order | Sorting, cursor: str) -> Sequence[object]:
    """Return the values of the place that a cursor names."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode()).decode()
        return order.place(text) if isinstance(order, Sorting) else _place_in(order, text)
    except (ValueError, TypeError):
        raise InvalidInput(
            "after is no cursor of this list; use the page's next.", code="bad_cursor", field="after"
        ) from None


def _place_in(order: Order, text: str) -> Sequence[object]:
    parsers = _SEQUENCE if len(order) == len(_SEQUENCE) else _MOMENT_AND_ID
    return [parse(part) for parse, part in zip(parsers, text.split(" "), strict=True)]


_SEQUENCE: tuple[Callable[[str], Any], ...] = (lambda text: int(text if len(text) <= _MOST_DIGITS else "too long"),)
_MOMENT_AND_ID: tuple[Callable[[str], Any], ...] = (read_moment, UUID)
