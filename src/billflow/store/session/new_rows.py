"""New rows of a transaction, with plans and invoices that changed, written by one statement, not one for each table.

PostgreSQL gets the rows of each table as JSON, so that one text serves however many there are. Constraints and triggers
see them at the statement's end, as they see those of several statements at the end of each: a row may come before what
it refers to.
"""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Dialect, TypeDecorator, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from billflow.errors import InternalError
from billflow.models.tables import CustomerPlan, InvoiceRow
from billflow.models.tables.base import Base
from billflow.store.audit.personal_data import seal_new_rows
from billflow.store.session.dialect import SharingDialect
from billflow.store.session.sent_directly import BY_KEYS, send_text

Group = tuple[type[Base], tuple[str, ...]]
"""Rows of one table with values for the same columns, which are the attributes of these names."""

Written = tuple[Base, Container[str]]
"""A row, and the names of what is written of it."""

NEW_ROWS = "new_rows"
"""What a session's `info` has: rows that the session has no part in."""

_CHANGING = (CustomerPlan, InvoiceRow)
"""What steps and collections change, under a lock."""


def add_new(session: AsyncSession, *rows: Base) -> None:
    """Leave new rows to `write_new_rows` alone: a session's part in them would take longer than to write them does."""
    session.info.setdefault(NEW_ROWS, []).extend(rows)


def check_all_written(session: AsyncSession) -> None:
    """Raise `InternalError` where rows are left that `write_new_rows` was to write."""
    if left := session.info.get(NEW_ROWS):
        raise InternalError(f"{len(left)} new records were not written, the first of {left[0].__tablename__}.")


async def write_new_rows(session: AsyncSession) -> None:
    """Write new rows, those that were added to the session last, and what changed of its plans and invoices.

    These are locked.

    The session knows these rows no more: what changes of them afterwards stays unwritten. Other changes are left to it.
    """
    new, changed = await session.run_sync(_taken_out)
    if not new and not changed:
        return
    dialect = session.get_bind().dialect
    inserted, updated = _grouped(new, dialect), _grouped(changed, dialect)
    lone = tuple(group for group, rows in updated.items() if len(rows) == 1)
    given = [*inserted.values(), *(rows[0] if group in lone else rows for group, rows in updated.items())]
    plans = _KEPT if session.info.get(BY_KEYS) else _FOR_ANY
    values = [*(to_json(rows).decode() for rows in given), plans]
    ((count, _),) = await send_text(session, _statement(tuple(inserted), tuple(updated), lone), values)
    if count != len(changed):
        raise InternalError(f"{len(changed)} records were to change, and {count} did.")


def _taken_out(session: Session) -> tuple[Sequence[Written], Sequence[Written]]:
    """Return the rows that are new and those that changed, sealed, which the session has no part in any more."""
    with session.no_autoflush:
        seal_new_rows(session)
    added = list(session.new)
    new = [(row, inspect(row).dict) for row in (*session.info.pop(NEW_ROWS, ()), *added)]
    changing = sorted((row for row in session.dirty if isinstance(row, _CHANGING)), key=_place)
    changed = [(row, names) for row in changing if (names := _changed(row))]
    for row in (*added, *(row for row, _ in changed)):
        session.expunge(row)
    return new, changed


def _place(row: Base) -> int:
    """Return what orders rows by their tables, so that the same changes are the same statement."""
    return _CHANGING.index(type(row))


def _changed(row: Base) -> Collection[str]:
    """Return the names of what has another value than when the row was read, with its id; nothing where that is all."""
    state = inspect(row)
    names = {name for name, before in state.committed_state.items() if state.dict.get(name) != before}
    return {"id", *names} if names else ()


def _grouped(rows: Iterable[Written], dialect: Dialect) -> Mapping[Group, list[dict[str, Any]]]:
    """Return the values of each row, as far as they are named, by what is named of which table."""
    groups: dict[Group, list[dict[str, Any]]] = {}
    for row, names in rows:
        held = inspect(row).dict
        values = {
            name: column.type.process_bind_param(held[name], dialect) if is_decorated else held[name]
            for name, column, is_decorated in _columns(type(row))
            if name in names
        }
        groups.setdefault((type(row), tuple(values)), []).append(values)
    return groups


@cache
def _columns(kind: type[Base]) -> Sequence[tuple[str, Any, bool]]:
    """Return what is written of a table: columns by their names, and whether their types decide how values look."""
    columns = [attribute.columns[0] for attribute in inspect(kind).column_attrs]
    return [(column.name, column, isinstance(column.type, TypeDecorator)) for column in columns if not column.computed]


@cache
def _statement(inserted: Sequence[Group], updated: Sequence[Group], lone: Collection[Group]) -> str:
    """Return the statement that inserts and updates rows of such groups, and answers how many it updated.

    PostgreSQL expects a hundred rows of a group, and may read the whole table to find them; of the *lone* ones one.
    """
    groups = [(_INSERT, "", group) for group in inserted]
    groups += [(_UPDATE, "jsonb_to_record" if group in lone else "jsonb_to_recordset", group) for group in updated]
    parts = [_part(template, read, n, *group) for n, (template, read, group) in enumerate(groups, 1)]
    counts = [f"(SELECT count(*) FROM write_{n})" for n in range(len(inserted) + 1, len(groups) + 1)]  # noqa: S608
    kept = _ANY_PLAN.format(number=len(groups) + 1)
    return f"WITH {', '.join(parts)} SELECT {' + '.join(counts) or '0'}, {kept}"


def _part(template: str, read: str, number: int, kind: type[Base], names: Sequence[str]) -> str:
    types = {name: column.type.compile(_dialect) for name, column, _ in _columns(kind)}
    changing = [name for name in names if name != "id"]
    return template.format(
        number=number,
        read=read,
        table=kind.__tablename__,
        columns=", ".join(map(_quoted, names)),
        typed=", ".join(f"{_quoted(name)} {types[name]}" for name in names),
        changes=", ".join(f"{_quoted(name)} = given.{_quoted(name)}" for name in changing),
    )


_KEPT, _FOR_ANY = "force_generic_plan", "auto"
_ANY_PLAN = "set_config('plan_cache_mode', ${number}, true)"
"""What comes after it are triggers and constraints, which ask for rows by their keys: one plan does for all values.

Where everything is found by keys they are planned once. Otherwise something else may be asked after it, and PostgreSQL
plans each of them for its values five times before.
"""

_INSERT = (
    "write_{number} AS (INSERT INTO {table} ({columns}) SELECT {columns}"
    " FROM jsonb_populate_recordset(NULL::{table}, ${number}))"
)
_UPDATE = (
    "write_{number} AS (UPDATE {table} SET {changes} FROM {read}(${number}) AS given({typed})"
    " WHERE {table}.id = given.id RETURNING 1)"
)
_dialect = SharingDialect()
_quoted: Callable[[str], str] = _dialect.identifier_preparer.quote
