"""Statements that psycopg sends itself: SQLAlchemy compiles each once in a process, and has no part in sending it.

Of what a small statement takes of a process two thirds are SQLAlchemy's way of executing it. Whoever listens for an
engine's statements, as tracing does, is to get all of them: then SQLAlchemy executes these too.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import psycopg
from sqlalchemy import ColumnElement, Dialect, Executable, literal
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from billflow.errors import InternalError
from billflow.store.session.dialect import NUMBERING

MOST_STATEMENTS = 500
"""Statements that are kept compiled: constants of modules, and lists by their filters."""

CONNECTION, BY_KEYS = "connection", "by_keys"
"""What a session's `info` has: its connection, and whether everything in its transaction is found by keys."""

_PLAIN = {"no_parameters": True}
_PLACE = re.compile(r"\$(\d+)")
Convert = Callable[[Any], Any]
Driver = psycopg.AsyncConnection[Any]


def driver_of(connection: AsyncConnection) -> Driver | None:
    """Return psycopg's connection, with the transaction that is open on it; None where somebody listens."""
    sync = connection.sync_connection
    listeners = connection.sync_engine.dispatch
    if sync is None or listeners.before_cursor_execute or listeners.after_cursor_execute:
        return None
    return cast("Driver", sync.connection.driver_connection)


def begin_here(connection: AsyncConnection) -> None:
    """Note that a transaction begins, which sends nothing: what begins it is the first statement."""
    if connection.sync_connection is not None:
        connection.sync_connection.begin()


def prepare_at(connection: AsyncConnection, times: int) -> None:
    """Let psycopg prepare statements that were sent so many times on a connection, whoever sends them."""
    if connection.sync_connection is not None:
        driver = cast("Driver", connection.sync_connection.connection.driver_connection)
        driver.prepare_threshold = times


async def send(connection: AsyncConnection, statements: str) -> Sequence[tuple[Any, ...]]:
    """Send statements without parameters in one message, and return the rows of the last."""
    if driver := driver_of(connection):
        return await _fetched(connection, driver, statements)
    found = await connection.exec_driver_sql(statements, execution_options=_PLAIN)
    return [tuple(row) for row in found] if found.returns_rows else ()


async def send_text(session: AsyncSession, text: str, values: Sequence[Any]) -> Sequence[tuple[Any, ...]]:
    """Send a statement whose values are `$1` and on, and return its rows; what the session is to write comes later."""
    connection = session.info[CONNECTION]
    if driver := driver_of(connection):
        return await _fetched(connection, driver, text, values)
    named = _PLACE.sub(r"%(_\1)s", text.replace("%", "%%"))
    given = {f"_{n}": value for n, value in enumerate(values, 1)}
    return [tuple(row) for row in await connection.exec_driver_sql(named, given)]


async def fetch(session: AsyncSession, statement: Executable, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    """Send a statement that is a constant of its module, and return its rows as SQLAlchemy does.

    What the session is still to write is not among them. Lists of values are written by `one_of`.
    """
    connection = session.info[CONNECTION]
    if (driver := driver_of(connection)) is None:
        return [tuple(row) for row in await connection.execute(statement, values)]
    prepared = _prepared(statement, connection.dialect)
    rows = await _fetched(connection, driver, prepared.text, prepared.bound(values))
    return [prepared.read(row) for row in rows]


def one_of(column: Any, values: Iterable[object]) -> ColumnElement[bool]:
    """Return the condition that a column has one of a few values, each of which is a parameter."""
    condition: ColumnElement[bool] = column.in_([literal(value, column.type) for value in values])
    return condition


class _Prepared:
    """A statement as psycopg sends it, and what its types make of parameters and of the columns of a row."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled: SQLCompiler = statement.compile(dialect=NUMBERING)
        if compiled.post_compile_params:
            raise InternalError(f"A list of values is not compiled once; say one_of: {compiled}")
        if compiled.insert_prefetch or compiled.update_prefetch:
            raise InternalError(f"Defaults that Python makes are not sent directly; give all values: {compiled}")
        self.text = compiled.string
        binds = {name: one for one, name in compiled.bind_names.items()}
        convert = _converting(dialect, {name: one.type for name, one in binds.items()}, _binding)
        constant = {name: one.effective_value for name, one in binds.items() if not one.required}
        self._constant = {name: convert.get(name, _same)(value) for name, value in constant.items()}
        self._given = [(name, convert.get(name, _same)) for name in binds if name not in constant]
        self._order = compiled.positiontup or ()
        types = dict(enumerate(column.type for column in statement.exported_columns))
        self._read = _converting(dialect, types, _reading)

    def bound(self, values: Mapping[str, Any]) -> Sequence[Any]:
        """Return all parameters in order, of which these are given."""
        known = self._constant | {name: convert(values[name]) for name, convert in self._given}
        return [known[name] for name in self._order]

    def read(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """Return a row with the values that its columns stand for."""
        if not self._read:
            return tuple(row)
        values = list(row)
        for n, convert in self._read.items():
            values[n] = convert(values[n])
        return tuple(values)


_prepared = lru_cache(maxsize=MOST_STATEMENTS)(_Prepared)


def _converting(
    dialect: Dialect, types: Mapping[Any, TypeEngine[Any]], processor: Callable[[TypeEngine[Any], Dialect], Any]
) -> dict[Any, Convert]:
    """Return what converts values, by their names or places, of those types that have something to convert."""
    found = {name: processor(kind.dialect_impl(dialect), dialect) for name, kind in types.items()}
    return {name: convert for name, convert in found.items() if convert is not None}


def _binding(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.bind_processor(dialect)


def _reading(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.result_processor(dialect, None)


def _same(value: Any) -> Any:
    return value


async def _fetched(
    connection: AsyncConnection,
    driver: Driver,
    text: str,
    values: Sequence[Any] | None = None,
) -> Sequence[tuple[Any, ...]]:
    """Send a statement and return its rows; raises errors of psycopg as those that SQLAlchemy makes of them."""
    # psycopg looks for its own placeholders each time where a statement is long
    cursor = driver.cursor() if values is None else psycopg.AsyncRawCursor(driver)
    try:
        await cursor.execute(text.encode(), values)
        return await cursor.fetchall() if cursor.pgresult and cursor.pgresult.nfields else ()
    except psycopg.Error as error:
        if driver.closed:
            # SQLAlchemy finds that out as well, and gives up all connections of its pool, which have ended likewise.
            await connection.exec_driver_sql("SELECT")
        raise DBAPIError.instance(text, None, error, psycopg.Error, hide_parameters=True) from error
