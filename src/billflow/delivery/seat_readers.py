"""Every kind of seat source, read by what can."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from billflow.delivery.addresses import AddressPolicy
from billflow.delivery.seat_files import FileSeats
from billflow.delivery.seat_http import PATIENCE_SECONDS, HttpSeats
from billflow.delivery.seat_sql import SqlSeats
from billflow.models.contracts.seat_sources import CountedDeployment, SeatCounts, SeatSource, SeatSourceKind
from billflow.ports.seats import BadSeatCounts, SeatReader


@dataclass(frozen=True)
class SeatReaders(SeatReader):
    """Reads a source by its kind."""

    http: HttpSeats
    sql: SqlSeats
    files: FileSeats

    async def read(self, source: SeatSource, asked: Sequence[CountedDeployment]) -> SeatCounts:
        readers: dict[SeatSourceKind, HttpSeats | SqlSeats | FileSeats] = {
            SeatSourceKind.HTTP: self.http,
            SeatSourceKind.SQL: self.sql,
            SeatSourceKind.FILE: self.files,
        }
        if (reader := readers.get(source.kind)) is None:
            raise BadSeatCounts("The seat source is one that reports by itself; there is nothing to pull.")
        return await reader.read(source, asked)


@asynccontextmanager
async def seat_readers(address_policy: AddressPolicy) -> AsyncIterator[SeatReaders]:
    """Open readers that follow nobody's redirects and no proxy of ours."""
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=PATIENCE_SECONDS) as client:
        http = HttpSeats(client, address_policy)
        yield SeatReaders(http, SqlSeats(os.environ), FileSeats(http))
