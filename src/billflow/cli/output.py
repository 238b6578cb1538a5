"""How answers look: tables for people, JSON for scripts."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billflow.domain.currencies import format_amount

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

NOTHING = "-"


def console() -> "Console":
    """Return the console answers go to; what is piped is neither wrapped nor coloured."""
    from rich.console import Console

    piped = not sys.stdout.isatty()
    return Console(width=10_000 if piped else None, highlight=False, markup=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under *columns*; one whose name ends with `>` is set flush right."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        made.add_column(column.rstrip(">"), justify="right" if column.endswith(">") else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    console().print(made)


def facts(title: str, pairs: Mapping[str, str | None]) -> None:
    """Print names and values below each other, leaving out what has no value."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=box.SIMPLE, show_header=False)
    made.add_column(style="bold")
    made.add_column(overflow="fold")
    for name, value in pairs.items():
        if value is not None:
            made.add_row(name, value)
    console().print(made)


def say(sentence: str) -> None:
    """Print one sentence."""
    console().print(sentence)
    sys.stdout.flush()


def as_json(answer: "BaseModel | Sequence[BaseModel] | Mapping[str, Any]") -> None:
    """Print an answer as JSON."""
    sys.stdout.write(json.dumps(_plain(answer), indent=2, ensure_ascii=False) + "\n")


def _plain(answer: object) -> object:
    from pydantic import TypeAdapter

    return TypeAdapter(Any).dump_python(answer, mode="json", fallback=str)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something goes on."""
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def amount(minor_units: int | None, currency: str) -> str:
    """Write an amount for people."""
    return NOTHING if minor_units is None else format_amount(minor_units, currency)


def time(at: datetime | None) -> str:
    """Write a moment in UTC, to the minute."""
    return NOTHING if at is None else f"{at:%Y-%m-%d %H:%M}"


def words(code: str) -> str:
    """Write a code of ours as words."""
    return code.replace("_", " ")


def complain(sentence: str) -> None:
    """Write one sentence to standard error."""
    sys.stderr.write(f"{sentence}\n")
