"""The catalogue from the terminal: an example written, checked, applied and shown; a fault is one sentence."""

from pathlib import Path

from tests.cli.terminal import Terminal, assert_refused


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
