"""The way to PostgreSQL: one engine per process, and the only place where a transaction begins and ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from billflow.domain.errors import NotFound
from billflow.ports import NoDatabase
from billflow.store.url import shown, sqlalchemy_url, unreachable

STATEMENT_TIMEOUT = "30s"

_UNKNOWN_ROLE = "22023"
_ENTER = text(
    "SELECT set_config('role', 'billflow_app', true), set_config('billflow.org_id', :org, true),"
    " set_config('statement_timeout', :timeout, true)"
)


class Database:
    """The books' database; made once per event loop."""

    def __init__(self, url: str, *, pool_size: int = 10, statement_timeout: str = STATEMENT_TIMEOUT) -> None:
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url), pool_size=pool_size, max_overflow=pool_size, pool_timeout=10
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._timeout = statement_timeout

    @asynccontextmanager
    async def unit_of_work(self, org_id: str) -> AsyncIterator[AsyncSession]:
        """Open one transaction that sees the rows of *org_id* only; it commits at the end, or leaves no trace.

        Raises `NoDatabase` where PostgreSQL can't be reached or is not migrated. Serialization failures and deadlocks
        come through as they are: take the whole unit again.
        """
        async with self._sessions() as session, session.begin():
            await self._enter(session, as_id(org_id, "organization"))
            yield session

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()

    async def _enter(self, session: AsyncSession, org_id: UUID) -> None:
        try:
            await session.execute(_ENTER, {"org": str(org_id), "timeout": self._timeout})
        except DBAPIError as error:
            raise self._explained(error) from error

    def _explained(self, error: DBAPIError) -> Exception:
        if getattr(error.orig, "sqlstate", None) == _UNKNOWN_ROLE:
            return NoDatabase(f"The database {shown(self.engine.url)} has no tables yet; run: billflow migrate.")
        if isinstance(error, OperationalError):
            return unreachable(self.engine.url)
        return error


def as_id(text_id: str, noun: str) -> UUID:
    """Return an id as PostgreSQL knows it; raises `NotFound` for a text that can't be one."""
    try:
        return UUID(text_id)
    except ValueError:
        raise NotFound(f"There is no {noun} {text_id!r}.") from None
