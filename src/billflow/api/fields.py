"""The parts that requests and answers share."""

import base64
from collections.abc import Sequence
from typing import Annotated, TypeVar
from uuid import uuid4

from fastapi import Depends, Header, Query
from pydantic import Field

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey
from billflow.models.contracts.records import Paging

Row = TypeVar("Row")

ONE, MANY = "one", "many"
"""How a body that may be one thing or a list of them is told apart."""


async def _key(idempotency_key: Annotated[str | None, Header(include_in_schema=False)] = None) -> NamespacedKey:
    return KeyNamespace.CLIENT.key(idempotency_key or str(uuid4()))


KeyHere = Annotated[NamespacedKey, Depends(_key)]
"""The `Idempotency-Key` of a write, for what must not happen twice even where its answer got lost; or a fresh one."""


PagingHere = Annotated[Paging, Query()]
"""Which part of a list to answer."""


_MOST_DIGITS = 18
"""Of a place that PostgreSQL can count to."""


class Slice(RequestModel):
    """Which part of a short list to answer: *limit* rows after the row *after*, or after the first *offset*."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    offset: Annotated[int, Field(ge=0, le=10_000)] = 0
    after: str | None = None

    def of(self, rows: Sequence[Row], name: str | None = None) -> dict[str, object]:
        """Return that part of *rows* as a page.

        *name* is the field by which a row is known again; a list that grows only at its end needs none. Raises
        `InvalidInput` for a cursor that names no row.
        """
        names = [str(getattr(row, name) if name else place) for place, row in enumerate(rows)]
        begin = self.offset + (0 if self.after is None else _place(names, self.after))
        end = begin + self.limit
        following = _cursor(names[end - 1]) if end < len(rows) else None
        return {"rows": rows[begin:end], "total": len(rows), "next": following}

    @property
    def begin(self) -> int:
        """Return where the part begins of a list that grows only at its end; raises as `of` does."""
        return self.offset + (0 if self.after is None else _number(self.after) + 1)

    def of_part(self, rows: Sequence[Row], total: int) -> dict[str, object]:
        """Return *rows*, which were read from `begin` on, as a page of so many; raises as `of` does."""
        if self.after is not None and self.begin - self.offset > total:
            raise _no_cursor()
        end = self.begin + len(rows)
        following = _cursor(str(end - 1)) if rows and end < total else None
        return {"rows": rows, "total": total, "next": following}


def _cursor(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _place(names: Sequence[str], cursor: str) -> int:
    """Return where the rows after the cursor's begin."""
    try:
        return names.index(base64.urlsafe_b64decode(cursor.encode()).decode()) + 1
    except ValueError:
        raise _no_cursor() from None


def _number(cursor: str) -> int:
    """Return the place of the entry that a cursor names."""
    try:
        place = base64.urlsafe_b64decode(cursor.encode()).decode("ascii")
    except ValueError:
        raise _no_cursor() from None
    if not place.isdigit() or len(place) > _MOST_DIGITS:
        raise _no_cursor()
    return int(place)


def _no_cursor() -> InvalidInput:
    message = "after is no cursor of this list, or its entry is gone; use the page's next, or begin anew."
    return InvalidInput(message, code="bad_cursor", field="after")


SliceHere = Annotated[Slice, Query()]
"""Which part of a short list to answer."""
