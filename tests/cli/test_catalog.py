"""The catalogue from the terminal: an example written, checked, applied and shown; a fault is one sentence."""

import json
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, assert_refused


@pytest.mark.full
def test_an_example_is_written_checked_applied_and_shown(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "catalog.toml"
    sold = tmp_path / "sold.json"
    sold.write_text(terminal("catalog", "show", "--json").out)

    written = terminal("catalog", "init", str(file))
    checked = terminal("catalog", "check", str(file), "--json")
    again = terminal("catalog", "init", str(file))

    assert (written.code, checked.data) == (0, {"tiers": ["team", "business"]})
    assert_refused(again, f"{file} is there already; name another file, or remove it.")
    file.write_text(file.read_text() + sold_as_well())
    applied = terminal("catalog", "apply", str(file), "--reason", "ours")
    shown = terminal("catalog", "show")
    assert applied.code == 0, applied.err
    assert "is what is sold" in applied.out
    assert "annual EUR 90" in shown.out
    assert "weights" in shown.out
    assert terminal("catalog", "apply", str(sold), "--json").data["version"] > 1
    assert [one["reason"] for one in terminal("catalog", "versions", "--json").data["versions"]][1] == "ours"


def sold_as_well() -> str:
    """Return what other tests of this terminal may have plans of, not for sale."""
    kept = ("cloud_standard", "cloud_plus")
    return "".join(f'\n[tier.{code}]\nname = "{code}"\nhosting = "cloud"\nretired = true\n' for code in kept)


def test_what_is_wrong_with_a_file_is_one_sentence_with_its_place(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "catalog.toml"
    file.write_text('[tier.team]\nname = "Team"\nprices.USD = { monthly = -5 }\n')

    for command in ("check", "apply"):
        assert_refused(terminal("catalog", command, str(file)), "tier.team.prices.USD.monthly is -5; a price lies")
    assert_refused(terminal("catalog", "check", str(tmp_path / "none.toml")), "can't be read: No such file")
    assert_refused(terminal("catalog", "init", "x.toml", "--example", "shop"), "name per_seat or cloud_and_self_hosted")
    assert_refused(terminal("catalog", "show", "--version", "999"), "There is no version 999 of the catalogue.")


@pytest.mark.full
def test_a_diff_shows_whom_a_new_price_reaches_and_what_is_announced_can_be_withdrawn(
    terminal: Terminal, tmp_path: Path
) -> None:
    plan, file = terminal.trial(terminal.customer()), tmp_path / "catalog.json"
    before, sold = tmp_path / "before.json", terminal("catalog", "show", "--json").data
    before.write_text(json.dumps(sold))
    sold["tier"]["cloud_standard"]["prices"]["USD"]["monthly"] = 900
    file.write_text(json.dumps(sold))
    reprice = ("--reprice", "cloud_standard", "--from", "2030-01-01", "--notice", "30")

    found = terminal("catalog", "diff", str(file), *reprice, "--json").data
    shown = terminal("catalog", "diff", str(file), *reprice)
    applied = terminal("catalog", "apply", str(file), *reprice, "--json").data

    assert {
        "tier": "cloud_standard",
        "add_on": None,
        "field": "prices.USD.monthly",
        "before": 800,
        "after": 900,
    } in found["changes"]
    [mine] = [one for one in found["repriced"] if one["plan_id"] == plan]
    assert (mine["price_before"], mine["price_after"], mine["takes_effect_at"][:7]) == (800, 900, "2030-01")
    assert "prices.USD.monthly" in shown.out
    assert "USD 9" in shown.out
    assert [one["plan_id"] for one in applied["repriced"] if one["plan_id"] == plan] == [plan]
    change = applied["price_change"]["id"]
    assert terminal("plan", "show", plan, "--json").data["next_price"] == 900
    listed = terminal("catalog", "price-changes", "--json").data["price_changes"]
    assert [one["id"] for one in listed] == [change]
    assert terminal("catalog", "withdraw-price-change", change[:8], "--json").data["pending"] == 0
    assert terminal("plan", "show", plan, "--json").data["next_price"] is None
    assert terminal("catalog", "apply", str(before)).code == 0, "other tests go by the prices of before"


def test_a_new_price_needs_a_date_and_a_notice(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "catalog.toml"
    terminal("catalog", "init", str(file))

    assert_refused(terminal("catalog", "diff", str(file), "--reprice", "team"), "--reprice needs --from, a date")
    assert_refused(terminal("catalog", "diff", str(file), "--notice", "3"), "name its tier")
