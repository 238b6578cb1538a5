"""Queries that are sent past SQLAlchemy: compiled once, with values and columns converted as it converts them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Self
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncCursor
from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import greenlet_spawn

Query = Select[*tuple[Any, ...]]
Convert = Callable[[Any], Any]


@dataclass
class SentQuery:
    """A query as PostgreSQL gets it: its text, its own values, and how other values and its columns are converted."""

    text: str
    own: Mapping[str, object]
    names: Mapping[str, str]
    written: Mapping[str, Convert]
    types: Sequence[TypeEngine[Any]]
    read: Sequence[tuple[int, Convert]] | None = None

    @classmethod
    def of(cls, query: Query, dialect: Dialect) -> Self | None:
        """Return a query as it is sent; None for one with a list of values, whose text says how many there are."""
        compiled = query.compile(dialect=dialect)
        if compiled.post_compile_params:
            return None
        written, own = dict[str, Convert](), dict[str, object]()
        for bind, name in compiled.bind_names.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            written |= {name: convert} if convert else {}
            own[name] = convert(bind.effective_value) if convert and not bind.required else bind.effective_value
        names = {bind.key: name for bind, name in compiled.bind_names.items()}
        types = [one.type.dialect_impl(dialect) for one in query.selected_columns]
        return cls(compiled.string, own, names, written, types)

    def converted(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return values as PostgreSQL gets them."""
        named = [(self.names[key], value) for key, value in values.items()]
        written = self.written
        return {name: written[name](value) if name in written else value for name, value in named}

    def readers(self, cursor: AsyncCursor[Any], dialect: Dialect) -> Sequence[tuple[int, Convert]]:
        """Return which columns are converted and how, which may depend on PostgreSQL's own type of each."""
        if self.read is None:
            columns = [
                kind.result_processor(dialect, described[1])
                for kind, described in zip(self.types, cursor.description or (), strict=True)
            ]
            self.read = [(n, read) for n, read in enumerate(columns) if read]
        return self.read

    async def rows(self, connection: Connection, values: Mapping[str, object] | None) -> Sequence[Sequence[Any]]:
        """Return what it finds on a connection; raises as `send`."""
        given = {**self.own, **self.converted(values)} if values else self.own
        cursor = await send(connection, self.text, given)
        found, read = await cursor.fetchall(), self.readers(cursor, connection.dialect)
        return [_converted(row, read) for row in found] if read else found


def _converted(found: Sequence[Any], read: Sequence[tuple[int, Convert]]) -> Sequence[Any]:
    """Return a row as SQLAlchemy would; where there is nothing, no column of ours has something."""
    row = list(found)
    for n, convert in read:
        if row[n] is not None:
            row[n] = convert(row[n])
    return row


async def send(connection: Connection, text: str, given: Mapping[str, object] | None = None) -> AsyncCursor[Any]:
    """Send a statement, to the connection's listeners as any other one; raises `DBAPIError` as SQLAlchemy does.

    Where the connection turns out to be lost SQLAlchemy sends it again, so as to drop what its pool has.
    """
    driver: Any = connection.connection.driver_connection
    cursor, listened = driver.cursor(), SimpleNamespace()
    if connection.dispatch.before_cursor_execute:
        text, given = await greenlet_spawn(_before, connection, cursor, text, given, listened)
    try:
        await cursor.execute(text, given)
    except psycopg.Error as error:
        if driver.closed:
            await greenlet_spawn(connection.exec_driver_sql, text, given)
        raise DBAPIError.instance(text, None, error, psycopg.Error, hide_parameters=True) from error
    if connection.dispatch.after_cursor_execute:
        await greenlet_spawn(_after, connection, cursor, text, given, listened)
    found: AsyncCursor[Any] = cursor
    return found


_ONE = False
"""What listeners are given as whether a statement is sent for many values."""


def _before(connection: Connection, cursor: Any, text: str, given: Any, listened: object) -> tuple[str, Any]:
    for listener in connection.dispatch.before_cursor_execute:
        text, given = listener(connection, cursor, text, given, listened, _ONE)
    return text, given


def _after(connection: Connection, *sent: Any) -> None:
    for listener in connection.dispatch.after_cursor_execute:
        listener(connection, *sent, _ONE)


class SentQueries:
    """Those that were compiled; a query that is made anew each time is compiled each time."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Query, dict[Dialect, SentQuery | None]] = WeakKeyDictionary()

    def get(self, query: Query, dialect: Dialect) -> SentQuery | None:
        """Return a query as it is sent to a database, None where that can't be said beforehand."""
        of_query = self._known.setdefault(query, {})
        if dialect not in of_query:
            of_query[dialect] = SentQuery.of(query, dialect)
        return of_query[dialect]
