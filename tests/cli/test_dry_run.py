"""A dry run from the terminal: of plans that run, of a change, in a folder that is kept, and into files."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, assert_refused


@pytest.mark.full
def test_a_change_is_tried_on_the_plans_that_run_and_nothing_is_written(terminal: Terminal, tmp_path: Path) -> None:
    plan = terminal.trial(terminal.customer())
    sold = terminal("catalog", "show", "--json").data
    sold["tier"]["cloud_standard"]["prices"]["USD"]["monthly"] = 900
    file, page, table = tmp_path / "catalog.json", tmp_path / "page.html", tmp_path / "table.csv"
    file.write_text(json.dumps(sold))
    words = ("dry-run", "--only", f"plan={plan[:13]}", "--folder", str(tmp_path / "kept"), "--processes", "1")
    change = ("--catalog", str(file), "--reprice", "cloud_standard", "--from", "2020-01-01", "--notice", "0")
    before = terminal.state(plan)

    today = terminal(*words, "--json").data
    found = terminal(*words, *change, "--html", str(page), "--csv", str(table))
    again = terminal(*words, *change, "--json").data

    assert (today["plans"], today["different"], today["causes"]) == (1, 0, [])
    assert found.code == 0, found.err
    assert "1 would be billed otherwise" in found.out
    assert again["taken_at"] == today["taken_at"]
    assert [(one["cause"], one["plans"]) for one in again["causes"]] == [("price", 1)]
    assert sum(one["difference"] for one in again["totals"]) == again["causes"][0]["differences"]["USD"]
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert {row["plan"] for row in rows} == {plan}
    assert sum(int(row["difference"]) for row in rows) == again["causes"][0]["differences"]["USD"]
    assert plan in page.read_text(encoding="utf-8")
    assert terminal.state(plan) == before


def test_what_says_nothing_is_refused_with_the_way_out(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "no.whl").write_text("no archive")

    assert_refused(terminal("dry-run", "--only", "colour=red"), "--only colour=red says nothing that can be looked for")
    assert_refused(terminal("dry-run", "--only", "plan=ffff"), "There is no plan 'ffff'")
    assert_refused(terminal("dry-run", "--until", "2199-01-01"), "until")
    assert_refused(terminal("dry-run", "--wheel", str(tmp_path / "no.whl")), "can't be read as a wheel")
    assert_refused(terminal("dry-run", "--reprice", "none", "--from", "2030-01-01", "--notice", "0"), "no tier 'none'")


@pytest.mark.full
def test_a_tax_that_would_put_plans_on_hold_says_so_before_it_does(terminal: Terminal, tmp_path: Path) -> None:
    plan = terminal.trial(terminal.customer())
    (file := tmp_path / "tax.json").write_text('{"mode": "stripe"}')

    found = terminal("dry-run", "--only", f"plan={plan}", "--tax", str(file), "--processes", "1", "--json").data

    assert found["on_hold"] == [{"code": "tax_address_missing", "before": 0, "after": 1}]
    assert [one["cause"] for one in found["causes"]] == ["on hold"]
    assert found["worst"][0]["after"] == 0
