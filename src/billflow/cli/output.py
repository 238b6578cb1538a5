"""How answers look: tables for people, JSON for scripts, CSV for spreadsheets."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from billflow.cli.json_objects import JsonObject, rows_of
from billflow.csv_lines import csv_lines
from billflow.domain.amount_fields import with_amounts_written
from billflow.domain.currencies import format_amount
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

NOTHING = "-"
MARKS = ">~"
"""What the names of columns may end with; see `Table`."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00)")
"""A moment as the API writes it."""
_EMPTY: Sequence[object] = (None, "", [], {})
BETWEEN = 2
"""How far columns are apart."""


def console() -> "Console":
    """Return the console answers go to; what is piped is neither wrapped nor coloured."""
    from rich.console import Console

    piped = not sys.stdout.isatty()
    return Console(width=10_000 if piped else None, highlight=False, markup=False, emoji=False)


@dataclass(frozen=True, slots=True)
class Table:
    """Records below each other, what each column shows of one by its name.

    One that ends with `>` is flush right. One that ends with `~` holds words, and breaks between them where the
    terminal is narrow; nothing else is broken, so that ids stay whole.
    """

    title: str
    columns: "Columns"
    records: Iterable[Any]

    def drawn(self, width: int) -> "RichTable":
        """Return it as the terminal library takes it, for a terminal of *width* if it can be."""
        cells = [[str(shown(record)) for shown in self.columns.values()] for record in self.records]
        return _drawn(self.title, list(self.columns), cells, width)


@dataclass(frozen=True, slots=True)
class FactList:
    """Names and values below each other; what has no value is left out."""

    title: str
    pairs: Mapping[str, str | None]

    def drawn(self, width: int) -> "RichTable":
        """Return it as the terminal library takes it, for a terminal of *width* if it can be."""
        told = [[name, value] for name, value in self.pairs.items() if value is not None]
        return _drawn(self.title, ["", "~"], told, width)


def _drawn(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> "RichTable":
    from rich import box
    from rich.table import Table as RichTable

    has_head = any(column.rstrip(MARKS) for column in columns)
    drawn = RichTable(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD if has_head else box.SIMPLE,
        show_header=has_head,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    widths = _widths(columns, cells, width - BETWEEN * (len(columns) - 1))
    for column, own in zip(columns, widths, strict=True):
        justify: Any = "right" if column.endswith(">") else "left"
        drawn.add_column(column.rstrip(MARKS), justify=justify, width=own)
    for row in cells:
        drawn.add_row(*row)
    return drawn


def _widths(columns: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return how wide each column is: as wide as its texts, or as words where it breaks, the widest first.

    A heading breaks between its words in any column.
    """
    from rich.cells import cell_len

    texts = [[column.rstrip(MARKS), *(row[n] for row in cells)] for n, column in enumerate(columns)]
    widths = [max(map(cell_len, text)) for text in texts]
    whole = [[*text[0].split(), *text[1:]] for text in texts]
    least = [
        max(cell_len(word) for part in text for word in (part.split() if column.endswith("~") else [part]) or [""])
        for column, text in zip(columns, whole, strict=True)
    ]
    while sum(widths) > width and widths != least:
        widest = max(range(len(widths)), key=lambda n: (widths[n] > least[n], widths[n]))
        widths[widest] -= 1
    return widths


class Output:
    """What a command has found: *data* for scripts, *parts* for people; *error* ends it after that."""

    def __init__(self, data: object, *parts: "Part", error: Exception | None = None) -> None:
        self.data, self.parts, self.error = data, parts, error

    def show(self, *, as_json: bool = False, as_csv: bool = False) -> None:
        """Print it, and raise its error; raises `InvalidInput` for two ways at once."""
        if as_json and as_csv:
            raise InvalidInput("Name either --json or --csv.", field="csv")
        if as_json:
            write_json(self.data)
        elif as_csv:
            write_csv(self.data)
        else:
            show(*self.parts)
        if self.error:
            raise self.error


class Listing(Output):
    """A list that a command has found."""


Columns = Mapping[str, Callable[[Any], object]]
Part = str | FactList | Table
"""What is shown to people: a sentence, facts or a table."""


def show(*parts: Part) -> None:
    """Print parts below each other; a table that can't be as narrow as the terminal is broken by that, not by us."""
    for n, part in enumerate(parts):
        on = console()
        if n and not (isinstance(part, str) and isinstance(parts[n - 1], str)):
            on.print()
        if isinstance(part, str):
            on.print(part, soft_wrap=True)
        else:
            drawn = part.drawn(on.width)
            on.width = max(on.width, sum(column.width or 0 for column in drawn.columns) + BETWEEN * len(drawn.columns))
            on.print(drawn)
    sys.stdout.flush()


def listed(title: str, answer: JsonObject, columns: Columns) -> Listing:
    """Return a list of the API's, or one part of it."""
    rows = rows_of(answer)
    more = "" if len(rows) == answer.total else f", {len(rows)} shown"
    return Listing(answer, Table(f"{title}: {answer.total}{more}", columns, rows))


def whole(title: str, records: Sequence[Any], columns: Columns) -> Listing:
    """Return a list of records that comes in one piece."""
    data = {title.lower().replace(" ", "_").replace("-", "_"): records, "total": len(records), "next": None}
    return Listing(data, Table(f"{title}: {len(records)}", columns, records))


def write_json(answer: object) -> None:
    """Print an answer as JSON, as the API gives it."""
    sys.stdout.write(json.dumps(_plain(answer), indent=2, ensure_ascii=False) + "\n")


def write_csv(answer: object) -> None:
    """Print the rows of a list as CSV, no cell a formula: what an object holds has its names joined by dots."""
    rows = [{name: _cell(value) for name, value in _leaves(row)} for row in rows_of(_plain(answer))]
    names = list(dict.fromkeys(name for row in rows for name in row))
    sys.stdout.write(csv_lines([names, *([row.get(name) for name in names] for row in rows)], end="\n"))


def _plain(answer: object) -> Any:
    """Return an answer as JSON has it: the API's own as it is, a record of ours as the API would answer it."""
    if isinstance(answer, JsonObject):
        return answer
    from pydantic import TypeAdapter

    from billflow.cli.output_responses import as_answered

    return TypeAdapter(Any).dump_python(as_answered(answer), mode="json", by_alias=True, fallback=str)


def _leaves(row: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | bool) else value


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something goes on."""
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def amount(minor_units: int | None, currency: str) -> str:
    """Write an amount for people."""
    return NOTHING if minor_units is None else format_amount(minor_units, currency)


def time(at: datetime | str | None) -> str:
    """Write a moment in UTC, to the minute; the API's are in UTC."""
    return NOTHING if at is None else str(at)[:16].replace("T", " ")


def day(at: datetime | str | None) -> str:
    """Write the date of a moment in UTC."""
    return time(at)[:10]


def facts_of(title: str, data: Mapping[str, Any], currency: str | None) -> FactList:
    """Return every field of an object that says something; see `shown_fields`."""
    return FactList(title, {words(name): value for name, value in shown_fields(data, currency).items()})


def shown_fields(data: Mapping[str, Any], currency: str | None) -> dict[str, str]:
    """Write the fields of an object for people; what says nothing is left out, as is the currency, which amounts name.

    Amounts are money, in the currency beside them or else in *currency*.
    """
    leaves = {name.rpartition(".")[2]: value for name, value in _leaves(with_amounts_written("", data, currency))}
    return {name: _shown(value) for name, value in leaves.items() if _says_something(name, value)}


def _says_something(name: str, value: object) -> bool:
    return name != "currency" and value is not False and value not in _EMPTY


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{words(name)} {text}" for name, text in shown_fields(value, None).items())
    if isinstance(value, list):
        return f"({'; '.join(map(_shown, value))})"
    if isinstance(value, bool):
        return yes_or_no(value)
    return time(str(value)) if MOMENT.fullmatch(str(value)) else str(value)


def words(code: str) -> str:
    """Write a code of ours as words."""
    return code.replace("_", " ")


def yes_or_no(truth: object) -> str:
    """Write what holds or doesn't."""
    return "yes" if truth else "no"


def complain(sentence: str) -> None:
    """Write one sentence to standard error."""
    sys.stderr.write(f"{sentence}\n")
