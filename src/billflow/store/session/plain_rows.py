"""Rows that are only read, as tuples with the names of their table's attributes: nothing is kept of them to be written.

Of a page of fifty customers the ORM makes a hundred objects that it keeps track of, which costs more than all the rest.
"""

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, inspect

PlainQuery = tuple[Select[*tuple[Any, ...]], Callable[[Any], tuple[Any, ...]]]
"""A query, and what makes a row of what it returns."""

MOST_KINDS = 1000
"""Combinations of tables and columns of which it is kept how they are read."""


def plain(query: Select[*tuple[Any, ...]]) -> PlainQuery:
    """Return *query* so that it reads the columns of its tables, and what makes of each row the one it was to return.

    Each table is a tuple in it then, with the names of the attributes.
    """
    wanted = [one["expr"] for one in query.column_descriptions]
    kinds: tuple[Any, ...] = tuple(one if isinstance(one, type) else None for one in wanted)
    columns = [column for one in wanted for column in (_attributes(one) if isinstance(one, type) else [one])]
    return query.with_only_columns(*columns), _making(kinds)


@lru_cache(maxsize=MOST_KINDS)
def _attributes(table: Any) -> Sequence[Any]:
    """Return all attributes of a mapped class that are columns."""
    return [getattr(table, attribute.key) for attribute in inspect(table).column_attrs]


@lru_cache(maxsize=MOST_KINDS)
def _tuple_of(table: Any) -> Any:
    return namedtuple(table.__name__, [attribute.key for attribute in _attributes(table)])  # noqa: PYI024


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
