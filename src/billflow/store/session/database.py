"""The way to PostgreSQL: one engine per process, and the only place where a transaction begins and ends."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import URL, Executable, Text, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from billflow.models.keyring import Keyring
from billflow.ports.database import DatabaseBusy, NoDatabase
from billflow.store.audit.personal_data import PersonalDataSession
from billflow.store.session.dialect import CONNECT, DRIVER, compiled
from billflow.store.session.row_counts import RowCounts
from billflow.store.session.rows import as_id
from billflow.store.session.url import sqlalchemy_url, unreachable, without_password

STATEMENT_TIMEOUT = "30s"
POOL_SIZE = 20
"""Connections of one pool; more are never made for a moment, since making one costs more than many requests."""

POOL_TIMEOUT = 120.0
"""Seconds that one waits for a connection. It is a queue, so this is several times what a statement may take."""

ROLE = "billflow_app"
"""The role of all work for one organization; row-level security isolates tenants from it."""

ORG, ROW_COUNTS = "org", "row_counts"
"""What a session's `info` has: whose rows it sees, and how many there are of them."""

# The role, a table, a column is missing.
_NOT_MIGRATED = frozenset({"22023", "42P01", "42703"})
# The server was stopped, crashed or does not take connections yet.
_GOING_DOWN = frozenset({"57P01", "57P02", "57P03"})
_STATEMENT_TIMEOUT = "57014"
# Indexes are read at the price of solid state disks, no request takes more than one processor, and a statement that is
# prepared is planned for its values each time: a plan for any values read ten times as long (docs/performance.md).
_ENTER = text(
    "SELECT set_config('role', :role, true), set_config('billflow.org_id', :org, true),"
    " set_config('statement_timeout', :timeout, true), set_config('random_page_cost', '1.1', true),"
    " set_config('max_parallel_workers_per_gather', '0', true),"
    " set_config('plan_cache_mode', 'force_custom_plan', true)"
)
_ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
_AS_EXPORTED = text("SET TRANSACTION SNAPSHOT :name").bindparams(bindparam("name", type_=Text, literal_execute=True))
_MAY_WAIT = text("SELECT set_config('idle_in_transaction_session_timeout', '0', true)")
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name", type_=Text), 0)))


class Database:
    """The records' database; made once per event loop. Without a *keyring* its sealed columns stay plain."""

    def __init__(
        self,
        url: str | URL,
        *,
        pool_size: int = POOL_SIZE,
        pool_timeout: float = POOL_TIMEOUT,
        statement_timeout: str = STATEMENT_TIMEOUT,
        keyring: Keyring | None = None,
    ) -> None:
        self.engine: AsyncEngine = create_async_engine(
            (url if isinstance(url, URL) else sqlalchemy_url(url)).set(drivername=DRIVER),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_timeout,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args=CONNECT,
            keyring=keyring,
            execution_options={"compiled_cache": compiled},
        )
        self.keyring = keyring
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, sync_session_class=PersonalDataSession)
        self._timeout = statement_timeout
        self._row_counts = RowCounts()

    @asynccontextmanager
    async def unit_of_work(self, org_id: str) -> AsyncIterator[AsyncSession]:
        """Open one transaction that sees the rows of *org_id* only; it commits at the end, or leaves no trace.

        Raises `NoDatabase` where PostgreSQL can't be reached or is not migrated, and `DatabaseBusy` where no connection
        came free or a statement took too long. Serialization failures and deadlocks come through as they are: take the
        whole unit again.
        """
        async with self.transaction(ROLE, str(as_id(org_id, "organization"))) as session:
            yield session

    @asynccontextmanager
    async def snapshot(self, org_id: str, name: str | None = None) -> AsyncIterator[AsyncSession]:
        """Open a transaction that only reads the rows of *org_id*, all as of its first statement.

        With a *name* it sees what the transaction sees that exported a snapshot of that name, and is still open. It may
        do nothing for long. Raises as `unit_of_work`.
        """
        first = [_ONE_MOMENT, *([_AS_EXPORTED.bindparams(name=name)] if name else []), _MAY_WAIT]
        async with self.transaction(ROLE, str(as_id(org_id, "organization")), first) as session:
            yield session

    @asynccontextmanager
    async def transaction(
        self, role: str, org_id: str = "", first: Iterable[Executable] = ()
    ) -> AsyncIterator[AsyncSession]:
        """Open one transaction as *role*, for no organization where none is named; it begins with *first*."""
        try:
            async with self._sessions(info={ORG: org_id, ROW_COUNTS: self._row_counts}) as session, session.begin():
                for statement in first:
                    await session.execute(statement)
                await session.execute(_ENTER, {"role": role, "org": org_id, "timeout": self._timeout})
                yield session
        except PoolTimeout as error:
            raise DatabaseBusy("All connections to the database are in use; try again in a moment.") from error
        except DBAPIError as error:
            if (known := self._explained(error)) is None:
                raise
            raise known from error

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()

    def _explained(self, error: DBAPIError) -> NoDatabase | None:
        state = getattr(error.orig, "sqlstate", None)
        if state in _NOT_MIGRATED:
            return NoDatabase(
                f"The database {without_password(self.engine.url)} lacks tables we need; run: billflow migrate."
            )
        if state == _STATEMENT_TIMEOUT:
            return DatabaseBusy("The database took too long to answer; try again in a moment.")
        if isinstance(error, OperationalError) and (state is None or state in _GOING_DOWN):
            return unreachable(self.engine.url)
        return None


async def advisory_lock(session: AsyncSession, name: str) -> None:
    """Wait until no other transaction has the lock of that name, and hold it until this one ends."""
    await session.execute(_LOCK, {"name": name})


@dataclass(frozen=True)
class Repository:
    """Rows of one kind in one database; who extends it says which."""

    database: Database
