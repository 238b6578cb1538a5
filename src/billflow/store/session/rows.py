"""One row by its id, which is there or `NotFound`, and one that is written."""

from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound
from billflow.store.session.database import as_id

Row = TypeVar("Row")

NO_KEY = {"key_share": True}
"""The lock of a row that others may still refer to meanwhile."""


async def row_by_id(session: AsyncSession, table: type[Row], text_id: str, noun: str, *, lock: Any = None) -> Row:
    """Return a row, with *lock* locked until the transaction ends; raises `NotFound`."""
    return existing(await session.get(table, as_id(text_id, noun), with_for_update=lock), noun, text_id)


def existing(found: Row | None, noun: str, text_id: str, whose: str = "") -> Row:
    """Return what was looked up; raises `NotFound` for None."""
    if found is None:
        raise NotFound(f"There is no {noun} {text_id!r}{whose}.")
    return found


async def written(session: AsyncSession, row: Row) -> Row:
    """Write a row, and return it with what the database added to it."""
    await session.flush()
    await session.refresh(row)
    return row
