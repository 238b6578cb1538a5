"""One mapper from rows to records, since the names of columns are the names of fields."""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

Record = TypeVar("Record")


def from_row(kind: type[Record], row: object, /, **extra: object) -> Record:
    """Return *row* as a *kind*, which is a contract or a dataclass; ids become texts.

    *extra* are the fields that are no columns of that name. Raises `AttributeError` for a field that is neither.
    """
    make: Callable[..., Record] = kind
    values = extra | {name: getattr(row, name) for name in field_names(make) if name not in extra}
    return make(**{name: str(value) if isinstance(value, UUID) else value for name, value in values.items()})


def as_record(kind: type[Record], row: Any, /, **extra: object) -> Record:
    """Return *row* as a *kind*, whose one id that is no column is the row's own: `invoice_id` of an invoice."""
    make: Any = kind
    unknown = (name for name in field_names(make) if name not in extra and not hasattr(row, name))
    (own_id,) = (name for name in unknown if name.endswith("_id"))
    return from_row(kind, row, **extra, **{own_id: row.id})


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
