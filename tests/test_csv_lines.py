"""What is written as CSV comes back as it was, and no spreadsheet runs anything of it."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.csv_lines import csv_cell, csv_lines
from tests.source import BILLFLOW, modules

WRITERS = re.compile(r"csv\.(writer|DictWriter)|from csv import")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1+1", "'+1+1"),
        ("+49 30 1234", "'+49 30 1234"),
        ("-cmd", "'-cmd"),
        ("-1-1", "'-1-1"),
        ("-5.", "'-5."),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("-5.50", "-5.50"),
        ("-", "'-"),
        ("Acme", "Acme"),
        (-5, "-5"),
        (datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00+00:00"),
        (None, ""),
    ],
)
def test_a_cell_is_never_a_formula_and_a_negative_amount_stays_a_number(value: object, written: str) -> None:
    assert csv_cell(value) == written


@given(st.lists(st.lists(st.text() | st.integers(), min_size=1), min_size=1))
def test_every_cell_comes_back_as_it_was_or_behind_an_apostrophe(rows: list[list[object]]) -> None:
    back = list(csv.reader(io.StringIO(csv_lines(rows), newline="")))

    assert [[cell.removeprefix("'") for cell in row] for row in back] == [
        [str(value).removeprefix("'") for value in row] for row in rows
    ]
    for cell in (cell for row in back for cell in row):
        assert not cell.startswith(("=", "+", "@", "\t", "\r", "\n"))
        assert not cell.startswith("-") or float(cell) <= 0


def test_nothing_else_of_billflow_writes_csv() -> None:
    writing = [path.name for path in modules(BILLFLOW) if WRITERS.search(path.read_text("utf-8"))]

    assert writing == ["csv_lines.py"]
