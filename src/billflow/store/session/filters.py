"""Filters of lists as conditions. Only comparisons that an index serves under row-level security."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Uuid

from billflow.store.session.rows import as_id

Conditions = list[ColumnElement[bool]]
AFTER_ALL_LETTERS = "\U0010ffff"


def equal(wanted: BaseModel, columns: Mapping[str, Any]) -> Conditions:
    """Return the conditions that *columns* equal the fields of those names, as far as these are set.

    Raises `NotFound` for the text of an id that can't be one.
    """
    named = ((name, column, getattr(wanted, name)) for name, column in columns.items())
    return [
        column == (as_id(value, name.removesuffix("_id").replace("_", " ")) if isinstance(column.type, Uuid) else value)
        for name, column, value in named
        if value is not None
    ]


def within(column: Any, since: datetime | None, until: datetime | None) -> Conditions:
    """Return that *column* lies in `[since, until)`, without an end that is None."""
    return [*([column >= since] if since else []), *([column < until] if until else [])]
