"""Lists in parts: newest first, by offset or from a cursor on."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.records import Page, Paging
from billflow.store.session.database import ORG, TOTALS
from billflow.store.session.totals import RowCounts

ResponseModel = TypeVar("ResponseModel")
Order = tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[UUID]]


async def page(
    session: AsyncSession,
    query: Select[*tuple[Any, ...]],
    order: Order,
    paging: Paging,
    show: Callable[[Any], ResponseModel],
) -> Page[ResponseModel]:
    """Return one part of *query*; its first entity has the columns of *order*, a moment and an id.

    What else it joins must neither filter nor multiply: of it nothing is counted. A list that fits needs no counting.
    Raises `InvalidInput` for a cursor that is none of ours.
    """
    part = query.order_by(*(column.desc() for column in order)).limit(paging.limit + 1)
    if paging.after is not None:
        part = part.where(_before(order, paging.after))
    found = (await session.execute(part.offset(paging.offset))).all()
    rows = found[: paging.limit]
    following = _cursor(order, rows[-1][0]) if len(found) > paging.limit else None
    is_whole = paging.after is None and paging.offset == 0 and following is None
    total = len(rows) if is_whole else await _total(session, query, order)
    return Page(rows=tuple(map(show, rows)), total=total, next=following)


async def _total(session: AsyncSession, query: Select[*tuple[Any, ...]], order: Order) -> int:
    counting = select(func.count()).select_from(order[1].class_)
    if query.whereclause is not None:
        counting = counting.where(query.whereclause)
    totals: RowCounts = session.info[TOTALS]
    return await totals.count(session, session.info[ORG], counting)


def _cursor(order: Order, row: object) -> str:
    moment: datetime = getattr(row, order[0].key)
    key: UUID = getattr(row, order[1].key)
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {key}".encode()).decode()


def _before(order: Order, cursor: str) -> ColumnElement[bool]:
    try:
        moment, key = base64.urlsafe_b64decode(cursor.encode()).decode().split(" ")
        place = (datetime.fromisoformat(moment), UUID(key))
    except ValueError:
        raise InvalidInput(
            "after is no cursor of this list; use the page's next.", code="bad_cursor", field="after"
        ) from None
    return tuple_(*order) < tuple_(*place)
