"""Reading seats from a CSV: a file that the worker sees, or an object behind an address."""

import asyncio
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from billflow.delivery.seat_counts import WAY_OUT, checked_counts, counts_of_rows
from billflow.delivery.seat_http import MOST_BYTES, HttpSeats
from billflow.models.contracts.seat_sources import CountedDeployment, SeatCounts, SeatSource
from billflow.ports.seats import BadSeatCounts, SeatSourceAway

_NUMBERS = ("members", "guests")


@dataclass(frozen=True)
class FileSeats:
    """Reads files; one counts as of when it was written, so that one that is not written any more goes stale."""

    http: HttpSeats

    async def read(self, source: SeatSource, asked: Sequence[CountedDeployment]) -> SeatCounts:
        """Return the counts; raises `SeatSourceAway` or `BadSeatCounts`."""
        target = source.target or ""
        if target.startswith(("https://", "http://")):
            where = httpx.URL(target).path.rpartition("/")[2] or target
            body, modified_at = await self.http.get(httpx.URL(target), None)
        else:
            where = Path(target).name
            body, modified_at = await asyncio.to_thread(_local, Path(target))
        rows = counts_of_rows(_rows(body, where), where)
        return SeatCounts(counts=checked_counts(rows, asked, where, others=True), modified_at=modified_at)


def _local(path: Path) -> tuple[bytes, datetime]:
    try:
        status = path.stat()
        if status.st_size > MOST_BYTES:
            raise BadSeatCounts(f"{path.name} is larger than {MOST_BYTES // 1024**2} MiB; write less.")
        return path.read_bytes(), datetime.fromtimestamp(int(status.st_mtime), UTC)
    except OSError as error:
        raise SeatSourceAway(f"{path.name} can't be read ({error.strerror}); write it where the worker runs.") from None


def _rows(body: bytes, where: str) -> list[dict[str, Any]]:
    try:
        lines = body.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise BadSeatCounts(f"{where} is not UTF-8; {WAY_OUT}") from None
    return [{name: _value(name, text) for name, text in row.items() if name} for row in csv.DictReader(lines)]


def _value(name: str, text: str | None) -> Any:
    if name not in _NUMBERS:
        return text
    digits = (text or "").strip()
    return int(digits) if digits.removeprefix("-").isascii() and digits.removeprefix("-").isdigit() else text
