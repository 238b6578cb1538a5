"""Lists of what was written in sequence: the newest first, by offset or from a cursor on."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.records import Page, Paging

ResponseModel = TypeVar("ResponseModel")
_DIGITS = 18


async def sequence_page(
    session: AsyncSession,
    query: Select[Any],
    sequence: InstrumentedAttribute[int],
    paging: Paging,
    show: Callable[[Any], ResponseModel],
) -> Page[ResponseModel]:
    """Return one part of *query*, by the column *sequence* of its one entity; raises `InvalidInput`."""
    total = await session.scalar(select(func.count()).select_from(query.with_only_columns(sequence).subquery()))
    query = query.order_by(sequence.desc()).limit(paging.limit + 1).offset(paging.offset)
    if paging.after is not None:
        query = query.where(sequence < _place(paging.after))
    found = (await session.scalars(query)).all()
    rows = found[: paging.limit]
    following = str(getattr(rows[-1], sequence.key)) if len(found) > paging.limit else None
    return Page(rows=tuple(map(show, rows)), total=total or 0, next=following)


def _place(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= _DIGITS):
        message = "after is no cursor of this list; use the page's next."
        raise InvalidInput(message, code="bad_cursor", field="after")
    return int(cursor)
