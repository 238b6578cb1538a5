"""`billflow journal` writes a file and prints the sums of its accounts; what it can't do it says in a sentence."""

import csv
from decimal import Decimal
from pathlib import Path

from tests.cli.terminal import Terminal, assert_refused


def test_the_file_is_written_and_its_sums_are_printed(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "books.csv"

    found = terminal("journal", "--output", str(file), "--json").data
    with file.open(encoding="utf-8", newline="") as lines:
        written = list(csv.DictReader(lines))

    assert found["postings"] == len(written)
    assert found["file"] == str(file)
    for side in ("debit", "credit"):
        for sums in found["accounts"]:
            amounts = [
                Decimal(line["amount"])
                for line in written
                if line[side] == sums["account"] and line["currency"] == sums["currency"]
            ]
            assert sum(amounts) * 100 == sums[side]
    assert sum(one["debit"] for one in found["accounts"]) == sum(one["credit"] for one in found["accounts"])
    assert not list(tmp_path.glob("*.part"))
    shown = terminal("journal", "--output", str(file)).out
    assert f"Wrote {len(written)} postings to" in shown


def test_a_file_that_can_not_be_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    assert_refused(terminal("journal", "--output", str(tmp_path / "nowhere" / "books.csv")), "can't be written")
    assert_refused(terminal("journal", "--format", "datev", "--output", str(tmp_path / "b.csv")), "calendar year")
    assert list(tmp_path.iterdir()) == []
