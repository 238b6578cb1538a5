"""Rows that are only read, as tuples with the names of their table's attributes: nothing is kept of them to be written.

Of a page of fifty customers the ORM makes a hundred objects that it keeps track of, which costs more than all the rest.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, inspect
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.store.session.sent_directly import CONNECTION, MOST_STATEMENTS, fetch

MOST_KINDS = 1000
"""Combinations of tables and columns of which it is kept how they are read."""


async def plain_rows(
    session: AsyncSession, query: Select[*tuple[Any, ...]], values: Mapping[str, object] | None = None
) -> list[tuple[Any, ...]]:
    """Return what *query* finds in a transaction; each table in it is a tuple with the names of its attributes.

    What the session still has to write is not among it. A query with *values* is a constant of its module.
    """
    if values is not None:
        make = _making(kinds_of(query))
        return [make(row) for row in await fetch(session, query, values)]
    make = _making(_kinds(query))
    return [make(row) for row in await session.info[CONNECTION].execute(query)]


async def plain_row(
    session: AsyncSession, query: Select[*tuple[Any, ...]], values: Mapping[str, object] | None = None
) -> tuple[Any, ...] | None:
    """Return the first of what `plain_rows` returns, None where there is nothing."""
    return next(iter(await plain_rows(session, query, values)), None)


def _kinds(query: Select[*tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the table of each part of a row, None for what is a column by itself."""
    return tuple([one["expr"] if isinstance(one["expr"], type) else None for one in query.column_descriptions])


kinds_of = lru_cache(maxsize=MOST_STATEMENTS)(_kinds)
"""Return the same of a query that is a constant of its module."""


@lru_cache(maxsize=MOST_KINDS)
def _attributes(table: Any) -> Sequence[str]:
    """Return the names of a mapped class's attributes that are columns, in the order in which a query has them."""
    return [attribute.key for attribute in inspect(table).column_attrs]


@lru_cache(maxsize=MOST_KINDS)
def _tuple_of(table: Any) -> Any:
    return namedtuple(table.__name__, _attributes(table))  # noqa: PYI024


@lru_cache(maxsize=MOST_KINDS)
def _making(kinds: tuple[Any, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what puts the columns of a row together again: those of each table in a tuple, others by themselves."""
    parts, begin = list[tuple[Any, slice]](), 0
    for kind in kinds:
        end = begin + (len(_attributes(kind)) if kind else 1)
        parts.append((_tuple_of(kind)._make if kind else _only, slice(begin, end)))
        begin = end
    return lambda row: tuple([make(row[part]) for make, part in parts])


def _only(value: Sequence[Any]) -> Any:
    return value[0]
