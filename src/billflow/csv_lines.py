"""Lines of CSV that no spreadsheet calculates: what the console and the command line write."""

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes the rest of a cell for a formula after."""

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def csv_lines(rows: Iterable[Iterable[object]], end: str = "\r\n", delimiter: str = ",") -> str:
    """Return rows as CSV, each line with its *end*; every value is a `csv_cell`."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(
        [csv_cell(value) for value in row] for row in rows
    )
    return text.getvalue()


def csv_cell(value: object) -> str:
    """Return a value as a cell: what would be a formula begins with an apostrophe, a negative number stays one."""
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(_FORMULAS) and not _NUMBER.fullmatch(text) else text
