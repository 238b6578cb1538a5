"""How answers look: tables for people, JSON for scripts."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billflow.domain.currencies import format_amount

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

    from billflow.models.contracts.records import Page

NOTHING = "-"


def console() -> "Console":
    """Return the console answers go to; what is piped is neither wrapped nor coloured."""
    from rich.console import Console

    piped = not sys.stdout.isatty()
    return Console(width=10_000 if piped else None, highlight=False, markup=False)


@dataclass(frozen=True, slots=True)
class Table:
    """Records below each other, what each column shows of one by its name; one that ends with `>` is flush right."""

    title: str
    columns: "Columns"
    records: Iterable[Any]

    def drawn(self) -> "RichTable":
        """Return it as the terminal library takes it."""
        from rich import box
        from rich.table import Table as RichTable

        drawn = RichTable(title=self.title, title_justify="left", box=box.SIMPLE_HEAD)
        for column in self.columns:
            drawn.add_column(column.rstrip(">"), justify="right" if column.endswith(">") else "left", overflow="fold")
        for record in self.records:
            drawn.add_row(*(str(shown(record)) for shown in self.columns.values()))
        return drawn


@dataclass(frozen=True, slots=True)
class FactList:
    """Names and values below each other; what has no value is left out."""

    title: str
    pairs: Mapping[str, str | None]

    def drawn(self) -> "RichTable":
        """Return it as the terminal library takes it."""
        from rich import box
        from rich.table import Table as RichTable

        drawn = RichTable(title=self.title, title_justify="left", box=box.SIMPLE, show_header=False)
        drawn.add_column(style="bold")
        drawn.add_column(overflow="fold")
        for name, value in self.pairs.items():
            if value is not None:
                drawn.add_row(name, value)
        return drawn


class Output:
    """What a command has found: *data* for scripts, *parts* for people; *error* ends it after that."""

    def __init__(self, data: object, *parts: "Part", error: Exception | None = None) -> None:
        self.data, self.parts, self.error = data, parts, error

    def show(self, *, as_json: bool) -> None:
        """Print it, and raise its error."""
        if as_json:
            write_json(self.data)
        else:
            show(*self.parts)
        if self.error:
            raise self.error


Columns = Mapping[str, Callable[[Any], object]]
Part = str | FactList | Table
"""What is shown to people: a sentence, facts or a table."""


def show(*parts: Part) -> None:
    """Print parts below each other."""
    for part in parts:
        console().print(part if isinstance(part, str) else part.drawn())
    sys.stdout.flush()


def paged(title: str, page: "Page[Any]", columns: Columns, noun: str | None = None) -> Output:
    """Return one page of a list, which *noun* names in JSON."""
    more = "" if len(page.rows) == page.total else f", {len(page.rows)} shown"
    data = {noun or title.lower(): page.rows, "total": page.total, "next": page.next}
    return Output(data, Table(f"{title}: {page.total}{more}", columns, page.rows))


def whole(title: str, records: Sequence[Any], columns: Columns) -> Output:
    """Return a list that comes in one piece."""
    data = {title.lower().replace(" ", "_").replace("-", "_"): records, "total": len(records), "next": None}
    return Output(data, Table(f"{title}: {len(records)}", columns, records))


def write_json(answer: object) -> None:
    """Print an answer as JSON, as the API would give it."""
    from pydantic import TypeAdapter

    from billflow.cli.output_responses import as_answered

    plain = TypeAdapter(Any).dump_python(as_answered(answer), mode="json", by_alias=True, fallback=str)
    sys.stdout.write(json.dumps(plain, indent=2, ensure_ascii=False) + "\n")


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


def yes_or_no(truth: object) -> str:
    """Write what holds or doesn't."""
    return "yes" if truth else "no"


def complain(sentence: str) -> None:
    """Write one sentence to standard error."""
    sys.stderr.write(f"{sentence}\n")
