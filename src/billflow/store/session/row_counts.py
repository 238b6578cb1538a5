"""Row counts of lists: counted each time where that is quick, and every few seconds where it is not."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import ClauseElement, Connection, Select
from sqlalchemy.sql.cache_key import CacheKey
from sqlalchemy.util import greenlet_spawn

from billflow.errors import InternalError

LONG = 1000
"""From this length on a total may be `CACHED_FOR` seconds old, or as old as `TIMES_ITS_COST` says."""

CACHED_FOR = 5.0
TIMES_ITS_COST = 200.0
"""A total that took so long to count is kept this many times as long: counting takes a two hundredth of the time."""

_MOST_CACHED = 1000
_Key = tuple[object, ...]


@dataclass
class RowCounts:
    """The counts of long lists, cached by one process."""

    clock: Callable[[], float] = time.monotonic
    _cached: dict[_Key, tuple[int, float]] = field(default_factory=dict)

    async def count(self, connection: Connection, key: _Key, counting: Callable[[], Select[int]]) -> int:
        """Return what the query of *counting* answers, which *key* tells apart from those of others."""
        total, until = self._cached.get(key, (0, 0.0))
        if until > self.clock():
            return total
        begun = self.clock()
        total = await greenlet_spawn(connection.scalar, counting()) or 0
        if len(self._cached) >= _MOST_CACHED:
            self._cached.clear()
        if total >= LONG:
            now = self.clock()
            self._cached[key] = (total, now + max(CACHED_FOR, TIMES_ITS_COST * (now - begun)))
        return total


def shape_of(statement: ClauseElement) -> CacheKey:
    """Return what statements have in common that differ in values only, with these."""
    shape = statement._generate_cache_key()  # noqa: SLF001  (by it SQLAlchemy tells statements apart; see its docs)
    if shape is None:
        raise InternalError("A list's query can't be told from others.")
    return shape


def values_and_shape(statement: ClauseElement) -> tuple[object, ...]:
    """Return what only equal statements with equal values have in common."""
    shape = shape_of(statement)
    return shape.key, repr([one.effective_value for one in shape.bindparams])
