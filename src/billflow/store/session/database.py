"""The way to PostgreSQL: one engine per process, and the only place where a transaction begins and ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Self

from psycopg.sql import Literal
from sqlalchemy import URL, Connection, Text, bindparam, event, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from billflow.domain.errors import InvalidInput
from billflow.models.keyring import Keyring
from billflow.ports.database import AsOfUnavailable, DatabaseBusy, NoDatabase
from billflow.store.audit.personal_data import PersonalDataSession
from billflow.store.session.dialect import AT_ONCE, CONNECT, DRIVER, SEEN_ONCE, compiled
from billflow.store.session.new_rows import check_all_written
from billflow.store.session.row_counts import RowCounts
from billflow.store.session.rows import as_id
from billflow.store.session.sent_directly import BY_KEYS, CONNECTION, begin_here, prepare_at, send
from billflow.store.session.url import sqlalchemy_url, unreachable, without_password

STATEMENT_TIMEOUT = "30s"
POOL_SIZE = 20
"""Connections of one pool; more are never made for a moment, since making one costs more than many requests."""

POOL_TIMEOUT = 120.0
"""Seconds that one waits for a connection. It is a queue, so this is several times what a statement may take."""

ROLE = "billflow_app"
"""The role of all work for one organization; row-level security isolates tenants from it."""

MOST_QUOTED = 1000
"""Ids of organizations, among others, that are kept as PostgreSQL reads them, since quoting one takes a while."""

ORG, ROW_COUNTS, AS_OF = "org", "row_counts", "as_of"
"""What a session's `info` has: whose rows it sees, how many there are of them, and as of when."""

# The role, a table, a column, a function is missing.
_NOT_MIGRATED = frozenset({"22023", "42P01", "42703", "42883"})
# The server was stopped, crashed or does not take connections yet.
_GOING_DOWN = frozenset({"57P01", "57P02", "57P03"})
_STATEMENT_TIMEOUT = "57014"
_ENTER = "SET LOCAL ROLE {role}; SET LOCAL billflow.org_id = {org}; SET LOCAL statement_timeout = {timeout}"
# Indexes are read at the price of solid state disks, and no request takes more than one processor.
_COSTS = "SET LOCAL random_page_cost = 1.1; SET LOCAL max_parallel_workers_per_gather = 0"
_BEGIN = "{begin}; " + _ENTER + "; {plans}"
"""How a transaction begins, in one message; connections that would begin one by themselves send another before it."""

_LOOK = _ENTER + "; " + _COSTS + "; {query}"
"""A transaction of one message, which begins and ends with it."""

PLANNED_ANEW = _COSTS + "; SET LOCAL plan_cache_mode = force_custom_plan"
PLANNED_ONCE = (
    "SET LOCAL random_page_cost = 1.1; SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan"
)
"""Whether a prepared statement is planned for its values each time, or once for any (docs/performance.md).

A plan for any values may read ten times as long; for what is found by keys it is the same, and planning takes longer
than reading. What triggers and foreign keys ask is found by keys. A plan that is kept has to go by an index: made while
a table was empty, it would read all of it, however many rows come.
"""

_BEGIN_NOW, _BEGIN_AS_OF_ONE_MOMENT = "BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_AS_EXPORTED, _MAY_WAIT = "SET TRANSACTION SNAPSHOT {}", "SET LOCAL idle_in_transaction_session_timeout = 0"
_AS_OF = text(
    "SELECT greatest(billflow_versions_since(), (SELECT max(former_rows_since) FROM org)),"
    " to_regnamespace(quote_ident(current_schema() || '_as_of')) IS NOT NULL,"
    " set_config('billflow.as_of', :moment, true),"
    " set_config('search_path', quote_ident(current_schema() || '_as_of'), true)"
)
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
            isolation_level="AUTOCOMMIT",
            connect_args=CONNECT,
            keyring=keyring,
            execution_options={"compiled_cache": compiled},
        )
        self.keyring = keyring
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, sync_session_class=PersonalDataSession)
        self._timeout = statement_timeout
        self._row_counts = RowCounts()
        self.moment: datetime | None = None

    def as_of(self, moment: datetime) -> Self:
        """Return the same records as they were at *moment*, in real time; they can only be read.

        Then a unit of work raises `InvalidInput` for a moment before former rows were kept.
        """
        past = copy(self)
        vars(past).update(moment=moment, _row_counts=RowCounts())
        return past

    @asynccontextmanager
    async def unit_of_work(self, org_id: str, *, by_keys: bool = False) -> AsyncIterator[AsyncSession]:
        """Open one transaction that sees the rows of *org_id* only; it commits at the end, or leaves no trace.

        With *by_keys* everything in it is to be found by keys, and PostgreSQL plans each statement once; as of a moment
        it plans each time.

        Raises `NoDatabase` where PostgreSQL can't be reached or is not migrated, and `DatabaseBusy` where no connection
        came free or a statement took too long. Serialization failures and deadlocks come through as they are: take the
        whole unit again.
        """
        begin = _BEGIN_AS_OF_ONE_MOMENT if self.moment else _BEGIN_NOW
        plans = PLANNED_ONCE if by_keys and not self.moment else PLANNED_ANEW
        async with self.transaction(ROLE, str(as_id(org_id, "organization")), begin, plans) as session:
            if self.moment:
                await _look_back(session, self.moment)
            yield session

    @asynccontextmanager
    async def snapshot(self, org_id: str, name: str | None = None) -> AsyncIterator[AsyncSession]:
        """Open a transaction that only reads the rows of *org_id*, all as of its first statement.

        With a *name* it sees what the transaction sees that exported a snapshot of that name, and is still open. It may
        do nothing for long. Raises as `unit_of_work`.
        """
        exported = [_AS_EXPORTED.format(_quoted(name))] if name else []
        begin = "; ".join((_BEGIN_AS_OF_ONE_MOMENT, *exported, _MAY_WAIT))
        async with self.transaction(ROLE, str(as_id(org_id, "organization")), begin) as session:
            yield session

    @asynccontextmanager
    async def transaction(
        self, role: str, org_id: str = "", begin: str = _BEGIN_NOW, plans: str = PLANNED_ANEW
    ) -> AsyncIterator[AsyncSession]:
        """Open one transaction as *role*, for no organization where none is named; *begin* says how it begins."""
        given = {"role": role, "org": _quoted(org_id), "timeout": _quoted(self._timeout), "plans": plans}
        beginning = _BEGIN.format(begin=begin, **given)
        with self._explaining():
            connection = await self.engine.connect()
            info = {ORG: org_id, ROW_COUNTS: self._row_counts, BY_KEYS: plans == PLANNED_ONCE}
            session = self._sessions(bind=connection, info={**info, CONNECTION: connection})
            try:
                begin_here(connection)
                prepare_at(connection, AT_ONCE if info[BY_KEYS] else SEEN_ONCE)
                await send(connection, beginning)
                yield session
                check_all_written(session)
                await connection.run_sync(_commit, session.sync_session)
            except BaseException:
                await asyncio.shield(asyncio.create_task(_roll_back(session, connection)))
                raise

    async def look(self, query: str, *, role: str = ROLE, org_id: str = "") -> Sequence[Any]:
        """Return the one column of what *query* finds as *role*, among the rows of an organization where one is named.

        All of it is one message, for looks that are too small for a transaction. Raises as `unit_of_work`.
        """
        given = {"role": role, "org": _quoted(org_id), "timeout": _quoted(self._timeout), "query": query}
        with self._explaining():
            async with self.engine.connect() as connection:
                return [value for (value,) in await send(connection, _LOOK.format(**given))]

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeout as error:
            raise DatabaseBusy("All connections to the database are in use; try again in a moment.") from error
        except DBAPIError as error:
            if (known := self._explained(error)) is None:
                raise
            raise known from error

    async def close(self) -> None:
        """Close all connections: those in use, and any still made, at the end of their transaction."""
        event.listen(self.engine.sync_engine, "checkin", _close)
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


def _commit(connection: Connection, session: Session) -> None:
    """Write what is left of a session, commit, and give the connection back."""
    if session.in_transaction():
        session.commit()
        session.close()
    connection.commit()
    connection.close()


async def _roll_back(session: AsyncSession, connection: AsyncConnection) -> None:
    await session.close()
    await connection.close()


def _close(_: object, connection: ConnectionPoolEntry) -> None:
    connection.invalidate()


@lru_cache(maxsize=MOST_QUOTED)
def _quoted(value: str) -> str:
    return Literal(value).as_string()


async def plan_anew(session: AsyncSession) -> None:
    """Let PostgreSQL plan what follows in a transaction for its values: it is not found by keys."""
    await send(session.info[CONNECTION], f"SET LOCAL enable_seqscan = on; {PLANNED_ANEW}")
    session.info[BY_KEYS] = False
    prepare_at(session.info[CONNECTION], SEEN_ONCE)


async def advisory_lock(session: AsyncSession, name: str) -> None:
    """Wait until no other transaction has the lock of that name, and hold it until this one ends."""
    await session.execute(_LOCK, {"name": name})


async def _look_back(session: AsyncSession, moment: datetime) -> None:
    """Let a transaction see the rows of *moment*."""
    since, is_set_up, *_ = (await session.execute(_AS_OF, {"moment": moment.isoformat()})).one()
    if not is_set_up:
        raise AsOfUnavailable
    if moment < since:
        message = f"as_of is before {since.astimezone(UTC).isoformat()}; former states are kept from then on."
        raise InvalidInput(message, code="as_of_too_early", field="as_of")
    session.info[AS_OF] = moment


def now_of(session: AsyncSession) -> datetime:
    """Return the moment as of which a transaction reads, and otherwise the present one."""
    moment: datetime = session.info.get(AS_OF) or datetime.now(UTC)
    return moment


@dataclass(frozen=True)
class Repository:
    """Rows of one kind in one database; who extends it says which."""

    database: Database
