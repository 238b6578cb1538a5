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
        following = base64.urlsafe_b64encode(names[end - 1].encode()).decode() if end < len(rows) else None
        return {"rows": rows[begin:end], "total": len(rows), "next": following}


def _place(names: Sequence[str], cursor: str) -> int:
    """Return where the rows after the cursor's begin."""
    try:
        return names.index(base64.urlsafe_b64decode(cursor.encode()).decode()) + 1
    except ValueError:
        message = "after is no cursor of this list, or its entry is gone; use the page's next, or begin anew."
        raise InvalidInput(message, code="bad_cursor", field="after") from None


SliceHere = Annotated[Slice, Query()]
"""Which part of a short list to answer."""
