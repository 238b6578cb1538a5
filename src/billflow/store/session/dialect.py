"""What SQLAlchemy knows of our PostgreSQL: the pools of a process compile each statement once, not once each."""

from typing import Any, Self

from psycopg import AsyncCursor
from psycopg.pq import TransactionStatus
from pydantic_core import from_json
from sqlalchemy import URL
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.util import LRUCache

from billflow.models.keyring import Keyring

DRIVER = "postgresql+billflow"
"""The driver of a URL whose engine has this dialect."""

MOST_STATEMENTS = 2000
"""Statements that are kept compiled, least recently used ones dropped first; there are about a thousand kinds."""

compiled: LRUCache[Any, Any] = LRUCache(MOST_STATEMENTS)
"""The statements of all engines of this process. Dialect is part of the key, and equal ones find each other's."""


class PlainCursor(AsyncCursor[Any]):
    """A cursor that describes its columns by their names and types only, which is all that SQLAlchemy reads.

    Of several statements in one message, which have no parameters, it gives the answer of the last.
    """

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """Send a statement, or several without parameters, which are not prepared."""
        if params is not None:
            return await super().execute(query, params, **options)
        await super().execute(query, prepare=False, **options)
        return await self.set_result(-1)

    @property
    def description(self) -> Any:
        """Return a tuple for each column; None where the statement returns no rows."""
        if (result := self.pgresult) is None or not result.nfields:
            return None
        return [((result.fname(n) or b"").decode(), result.ftype(n)) for n in range(result.nfields)]


AT_ONCE, SEEN_ONCE = 0, 1
"""How often a statement was sent before it is prepared, where all is found by keys and otherwise: planning takes longer
than most answers."""

CONNECT: dict[str, Any] = {"cursor_factory": PlainCursor, "prepare_threshold": SEEN_ONCE}
"""How psycopg connects."""


class SharingDialect(PGDialectAsync_psycopg):
    """The dialect of psycopg 3; two are equal where what they compile is: with the same *keyring*, or both without."""

    supports_statement_cache = True

    def __init__(self, keyring: Keyring | None = None, **options: Any) -> None:
        # Reading JSON from bytes takes a fifth of what the standard library takes.
        super().__init__(json_deserializer=from_json, **options)  # type: ignore[no-untyped-call]
        self.keyring = keyring

    @classmethod
    def get_async_dialect_cls(cls, _: URL) -> type[Self]:
        """Return this class, where its base names itself."""
        return cls

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll back where a transaction is open; what comes back to its pool has ended its own as a rule."""
        if dbapi_connection.driver_connection.info.transaction_status is not TransactionStatus.IDLE:
            super().do_rollback(dbapi_connection)  # type: ignore[no-untyped-call]

    def __eq__(self, other: object) -> bool:
        """Tell whether the other one may use what was compiled for this one."""
        return isinstance(other, SharingDialect) and self.keyring is other.keyring

    def __hash__(self) -> int:
        """Return the same for equal ones."""
        return hash((SharingDialect, id(self.keyring)))


registry.register("postgresql.billflow", __name__, SharingDialect.__name__)

NUMBERING = SharingDialect(paramstyle="numeric_dollar")
"""The dialect that numbers parameters as PostgreSQL does, for statements that psycopg is to send as they are."""
