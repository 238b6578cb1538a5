"""Reading seat counts from a CSV file: good rows are kept, bad ones are named by line and reason."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from billflow.domain.errors import InvalidInput
from billflow.domain.seats import MAX_LICENSES, SeatObservation

COLUMNS = ("organization", "observed_on", "members", "guests")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be used, by its line in the file, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Organization:
    """One customer's observations, in time order, each at midnight UTC of its day."""

    name: str
    observations: tuple[SeatObservation, ...]


@dataclass(frozen=True, slots=True)
class SeatFile:
    """What a file held: organizations by name, and the rows left out."""

    organizations: tuple[Organization, ...]
    bad_rows: tuple[BadRow, ...]


def read_seats(path: Path) -> SeatFile:
    """Read a CSV with the columns organization, observed_on, members and guests.

    Raises `InvalidInput` where the file can't be read, isn't such a CSV, or has no good row at all.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            seats = _collect(csv.reader(file), path)
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}.", field="csv") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(f"{path} is no CSV text in UTF-8: {error}.", field="csv") from None
    if not seats.organizations:
        first = f" Line {seats.bad_rows[0].line}: {seats.bad_rows[0].reason}." if seats.bad_rows else ""
        raise InvalidInput(f"{path} has no usable row.{first}", field="csv")
    return seats


def _collect(rows: Iterator[list[str]], path: Path) -> SeatFile:
    header = [name.strip() for name in next(rows, [])]
    if not set(COLUMNS) <= set(header):
        raise InvalidInput(f"{path} needs the columns {', '.join(COLUMNS)} in its first line.", field="csv")
    found: dict[str, dict[date, SeatObservation]] = {}
    bad: list[BadRow] = []
    for line, row in enumerate(rows, start=2):
        if not row:
            continue
        try:
            _keep(found, *_parse(_named(header, row)))
        except ValueError as error:
            bad.append(BadRow(line, str(error)))
    by_day = {name: tuple(days[day] for day in sorted(days)) for name, days in sorted(found.items())}
    return SeatFile(tuple(Organization(name, seats) for name, seats in by_day.items()), tuple(bad))


def _named(header: list[str], row: list[str]) -> dict[str, str]:
    if len(row) < len(header):
        raise InvalidInput(f"it has {len(row)} columns, the first line has {len(header)}")
    return dict(zip(header, row, strict=False))


def _keep(found: dict[str, dict[date, SeatObservation]], name: str, day: date, observation: SeatObservation) -> None:
    days = found.setdefault(name, {})
    if day in days:
        raise InvalidInput(f"{name} has another row for {day}")
    days[day] = observation


def _parse(row: dict[str, str]) -> tuple[str, date, SeatObservation]:
    name = row.get("organization", "").strip()
    if not name:
        raise InvalidInput("organization is empty")
    try:
        day = date.fromisoformat(row.get("observed_on", "").strip())
    except ValueError:
        raise InvalidInput(f"observed_on {row.get('observed_on')!r} is no date like 2026-01-31") from None
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    members, guests = _count(row, "members"), _count(row, "guests")
    return name, day, SeatObservation(observed_at=moment, members=members, guests=guests)


def _count(row: dict[str, str], column: str) -> int:
    text = (row.get(column) or "").strip()
    if not text.isascii() or not text.isdigit() or int(text) > MAX_LICENSES:
        raise InvalidInput(f"{column} {text!r} is no whole number from 0 to {MAX_LICENSES:,}")
    return int(text)
