"""Taxes from the terminal: an example written, checked, compared, applied and shown; a fault is one sentence."""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, assert_refused


@pytest.mark.full
def test_a_tax_file_is_written_checked_applied_and_shown(terminal: Terminal, tmp_path: Path) -> None:
    file, kept, seller = tmp_path / "tax.toml", tmp_path / "kept.json", tmp_path / "seller.toml"
    written = terminal("tax", "init", str(file))
    checked = terminal("tax", "check", str(file), "--json")
    assert (written.code, checked.data) == (0, {"mode": "own_rates", "rates": 6})
    text = file.read_text()
    for right, wrong, said in (
        ('percent = "19"', 'percent = "119"', "rates.0.percent: '119' is no rate; name one from 0 to 100"),
        ('country = "AT"', 'country = "DE"', "Two rates of DE are valid on the same day"),
        ('percent = "20"', 'percent = "20"\ninclusive = true', "rates.1.inclusive: A price that contains tax can't go"),
        ('mode = "own_rates"', 'mode = "mine"', "mode"),
    ):
        file.write_text(text.replace(right, wrong, 1))
        for command in ("check", "apply"):
            assert_refused(terminal("tax", command, str(file)), said)

    terminal("seller", "init", str(seller))
    seller.write_text(seller.read_text().split("[numbering]")[0])
    terminal("seller", "apply", str(seller))
    file.write_text(text.replace("# starts_on = 2027-01-01", "starts_on = 9999-01-01"))
    changes = terminal("tax", "diff", str(file), "--json").data["changes"]
    assert {"field": "oss", "before": False, "after": True} in changes
    applied = terminal("tax", "apply", str(file), "--reason", "ours", "--json").data
    assert (applied["starts_on"], [one["holds"] for one in applied["versions"]]) == ("9999-01-01", [False])
    kept.write_text(terminal("tax", "show", "--json").out)
    assert terminal("tax", "apply", str(kept), "--json").data["version"] == applied["version"]
    shown = terminal("tax", "show").out
    assert "from 9999-01-01 on" in shown
    assert "22%" in shown
