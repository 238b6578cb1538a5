"""Rows by their ids, rows that are written, and rows as records: the names of columns are the names of fields."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from sqlalchemy import JSON, ColumnElement, ScalarSelect, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from billflow.domain.errors import NotFound

Row = TypeVar("Row")
Record = TypeVar("Record")

_UNKNOWN = object()
MOST_SHAPES = 1000
"""Kinds of records with what is said of them beside their rows, of which it is kept how they are read."""

_own_ids: dict[tuple[Any, ...], str] = {}

NO_KEY = {"key_share": True}
"""The lock of a row that others may still refer to meanwhile."""


def as_id(text_id: str, noun: str) -> UUID:
    """Return an id as PostgreSQL knows it; raises `NotFound` for a text that can't be one."""
    try:
        return UUID(text_id)
    except ValueError:
        raise NotFound(f"There is no {noun} {text_id!r}.") from None


async def row_by_id(session: AsyncSession, table: type[Row], text_id: str, noun: str, *, lock: Any = None) -> Row:
    """Return a row, with *lock* locked until the transaction ends; raises `NotFound`."""
    return existing(await session.get(table, as_id(text_id, noun), with_for_update=lock), noun, text_id)


def existing(found: Row | None, noun: str, text_id: str, whose: str = "") -> Row:
    """Return what was looked up; raises `NotFound` for None."""
    if found is None:
        raise NotFound(f"There is no {noun} {text_id!r}{whose}.")
    return found


def objects_of(
    fields: Mapping[str, Any], order: InstrumentedAttribute[Any], that: ColumnElement[bool]
) -> ScalarSelect[Any]:
    """Return what reads rows of another table in the same statement: objects with these fields in order, or None.

    Moments in them are texts in ISO 8601, as contracts read them; sealed columns stay sealed.
    """
    # Names are a part of the statement: as parameters they would be sent with each.
    named: list[tuple[Any, Any]] = [(literal_column(f"'{name}'"), value) for name, value in fields.items()]
    json_object = func.json_build_object(*(part for field in named for part in field))
    in_order = aggregate_order_by(json_object, order)
    return select(func.json_agg(in_order, type_=JSON)).where(that).correlate_except(order.class_).scalar_subquery()


def put(row: object, name: str, value: object) -> None:
    """Set a column of a row, which is changed only where it had another value."""
    if vars(row).get(name, _UNKNOWN) != value:
        setattr(row, name, value)


async def written(session: AsyncSession, row: Row) -> Row:
    """Write a row, and return it with what the database added to it."""
    await session.flush()
    await session.refresh(row)
    return row


def from_row(kind: type[Record], row: object, /, **extra: object) -> Record:
    """Return *row* as a *kind*, which is a contract or a dataclass; ids become texts.

    *extra* are the fields that are no columns of that name. Raises `AttributeError` for a field that is neither.
    """
    record: Record = _made(kind, row, extra)
    return record


def as_record(kind: type[Record], row: Any, /, **extra: object) -> Record:
    """Return *row* as a *kind*, whose one id that is no column is the row's own: `invoice_id` of an invoice."""
    make: Any = kind
    key = (kind, type(row), *extra)
    if (own_id := _own_ids.get(key)) is None:
        unknown = (name for name in field_names(make) if name not in extra and not hasattr(row, name))
        (own_id,) = (name for name in unknown if name.endswith("_id"))
        _own_ids[key] = own_id
    record: Record = _made(kind, row, {**extra, own_id: row.id})
    return record


def _made(kind: Any, row: object, extra: dict[str, Any]) -> Any:
    """Return a *kind* with the fields in *extra*, and the others of *row*."""
    names, read, make = _reading(kind, tuple(extra))
    extra.update(zip(names, read(row), strict=True))
    for name in [name for name, value in extra.items() if type(value) is UUID]:
        extra[name] = str(extra[name])
    return make(extra)


@lru_cache(maxsize=MOST_SHAPES)
def _reading(
    kind: Any, extra: tuple[str, ...]
) -> tuple[Sequence[str], Callable[[object], Sequence[Any]], Callable[[dict[str, Any]], Any]]:
    """Return the fields of a *kind* that a row has itself, what reads them from one, and what makes one of all."""
    names = [name for name in field_names(kind) if name not in extra]
    read = attrgetter(*names) if names else lambda _: ()
    make = kind.model_validate if issubclass(kind, BaseModel) else lambda values: kind(**values)
    return names, read if len(names) != 1 else lambda row: (read(row),), make


@cache
def field_names(kind: Any) -> tuple[str, ...]:
    """Return the names of the fields of a contract or a dataclass, in order."""
    if issubclass(kind, BaseModel):
        return tuple(kind.model_fields)
    return tuple(field.name for field in fields(kind))


def as_json(value: object) -> dict[str, Any]:
    """Return a dataclass, a mapping or a contract as a JSON object."""
    json: dict[str, Any] = to_jsonable_python(value)
    return json
