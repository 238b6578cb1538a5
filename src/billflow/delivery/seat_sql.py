"""Counting seats in the product's own PostgreSQL: one query, read only."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

from billflow.delivery.seat_counts import WAY_OUT, checked_counts, counts_of_rows
from billflow.models.contracts.seat_sources import ENVIRONMENT, VARIABLES, CountedDeployment, SeatCounts, SeatSource
from billflow.ports.seats import BadSeatCounts, SeatSourceAway

STATEMENT_TIMEOUT_MS = 20_000
CONNECT_SECONDS = 10
MOST_ROWS = 200_000
PARAMETER = "%(deployments)s"
"""Where a query takes the ids and names of the deployments that are asked for."""


@dataclass(frozen=True)
class SqlSeats:
    """Queries databases, in a read-only transaction with a time limit; *environ* has their addresses."""

    environ: Mapping[str, str]

    async def read(self, source: SeatSource, asked: Sequence[CountedDeployment]) -> SeatCounts:
        """Return the counts; raises `SeatSourceAway` or `BadSeatCounts`."""
        try:
            rows = await self._rows(self._address(source), source.query or "", asked)
        except psycopg.errors.QueryCanceled:
            raise SeatSourceAway(f"The query took longer than {STATEMENT_TIMEOUT_MS // 1000} seconds.") from None
        except psycopg.OperationalError:
            raise SeatSourceAway("The product's database can't be reached.") from None
        except psycopg.Error as error:
            reason = (error.diag.message_primary or "it can't be read").rstrip(".")
            raise BadSeatCounts(f"The query fails: {reason}; nothing was applied; correct the query.") from None
        where = "The query"
        return SeatCounts(counts=checked_counts(counts_of_rows(rows, where), asked, where, others=True))

    def _address(self, source: SeatSource) -> str:
        if source.secret is not None:
            return source.secret.get_secret_value()
        name = (source.target or "").removeprefix(ENVIRONMENT)
        if not name.startswith(VARIABLES) or name not in self.environ:
            raise BadSeatCounts(
                f"The worker's environment has no {name or VARIABLES}; set it where `billflow worker` runs."
            )
        return self.environ[name]

    async def _rows(self, address: str, query: str, asked: Sequence[CountedDeployment]) -> list[dict[str, Any]]:
        names = [name for one in asked for name in (one.deployment_id, one.name)]
        limits = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_TIMEOUT_MS}"
        async with asyncio.timeout(CONNECT_SECONDS):
            opened = await psycopg.AsyncConnection.connect(address, connect_timeout=CONNECT_SECONDS, options=limits)
        async with opened as connection, connection.cursor(row_factory=dict_row) as cursor:
            await connection.set_read_only(True)
            # Prepared, so that it is one statement.
            parameters = {"deployments": names} if PARAMETER in query else None
            await cursor.execute(query.encode(), parameters, prepare=True)
            if cursor.description is None:
                raise BadSeatCounts(f"The query returns nothing; {WAY_OUT}")
            rows = await cursor.fetchmany(MOST_ROWS + 1)
            await connection.rollback()
        if len(rows) > MOST_ROWS:
            raise BadSeatCounts(f"The query returns more than {MOST_ROWS:,} records; count in the query.")
        return rows
