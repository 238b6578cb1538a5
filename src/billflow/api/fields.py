"""The parts that requests and answers share."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

from fastapi import Depends, Header, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.records import Paging

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

ONE, MANY = "one", "many"
"""How a body that may be one thing or a list of them is told apart."""


def _checked(moment: datetime) -> datetime:
    if not EARLIEST <= moment < LATEST:
        raise InvalidInput(f"A moment lies between {EARLIEST:%Y-%m-%d} and {LATEST:%Y-%m-%d}.", code="bad_moment")
    return moment.astimezone(UTC)


AskedMoment = Annotated[AwareDatetime, AfterValidator(_checked)]
"""A moment that a caller names, with its zone."""


class Asked(BaseModel):
    """A body; a field we don't know is refused, for it would be ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


async def _key(
    idempotency_key: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> str:
    return idempotency_key or str(uuid4())


KeyHere = Annotated[str, Depends(_key)]
"""The `Idempotency-Key` of a write, for what must not happen twice even where its answer got lost; or a fresh one."""


PagingHere = Annotated[Paging, Query()]
"""Which part of a list to answer."""


class Slice(Asked):
    """Which part of a plan's own list to answer."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    offset: Annotated[int, Field(ge=0)] = 0

    def of(self, rows: Sequence[object]) -> dict[str, object]:
        """Return that part of *rows* as a page."""
        return {"rows": rows[self.offset : self.offset + self.limit], "total": len(rows)}


SliceHere = Annotated[Slice, Query()]
"""Which part of a plan's own list to answer."""
