"""Row counts of lists: counted each time where that is quick, and every few seconds where it is not."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.errors import InternalError
from billflow.store.session.sent_directly import fetch

LONG = 1000
"""From this length on a total may be `CACHED_FOR` seconds old, or as old as `TIMES_ITS_COST` says."""

CACHED_FOR = 5.0
TIMES_ITS_COST = 200.0
"""A total that took so long to count is kept this many times as long: counting takes a two hundredth of the time."""

_MOST_CACHED = 1000
_Key = tuple[str, object, str]


@dataclass
class RowCounts:
    """The counts of long lists, cached by one process."""

    clock: Callable[[], float] = time.monotonic
    _cached: dict[_Key, tuple[int, float]] = field(default_factory=dict)

    async def count(
        self, session: AsyncSession, org_id: str, counting: Select[int], values: Mapping[str, object] | None = None
    ) -> int:
        """Return what a query that counts answers for an organization; one with *values* is made once."""
        key = (org_id, *_identity(counting)) if values is None else (org_id, counting, repr(values))
        total, until = self._cached.get(key, (0, 0.0))
        if until > self.clock():
            return total
        begun = self.clock()
        total = await _counted(session, counting, values)
        if len(self._cached) >= _MOST_CACHED:
            self._cached.clear()
        if total >= LONG:
            now = self.clock()
            self._cached[key] = (total, now + max(CACHED_FOR, TIMES_ITS_COST * (now - begun)))
        return total


async def _counted(session: AsyncSession, counting: Select[int], values: Mapping[str, object] | None) -> int:
    if values is None:
        return await session.scalar(counting) or 0
    ((total,),) = await fetch(session, counting, values)
    return int(total)


def _identity(counting: Select[int]) -> tuple[object, str]:
    """Return what a statement that is put together each time is told apart from others by."""
    asked = counting._generate_cache_key()  # noqa: SLF001  (by it SQLAlchemy tells statements apart; see its docs)
    if asked is None:
        raise InternalError("A query that counts can't be told from others.")
    return asked.key, repr([one.effective_value for one in asked.bindparams])
