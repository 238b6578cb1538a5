"""The seller from the terminal: an example written, checked, applied and shown; a fault is one sentence."""

from pathlib import Path

from tests.cli.terminal import Terminal, assert_refused
from tests.documents.test_logo import png, svg


def test_an_example_is_written_checked_applied_and_shown(terminal: Terminal, tmp_path: Path) -> None:
    file, kept = tmp_path / "seller.toml", tmp_path / "kept.json"

    written = terminal("seller", "init", str(file))
    again = terminal("seller", "init", str(file))
    checked = terminal("seller", "check", str(file), "--json")

    assert (written.code, checked.data) == (0, {"legal_name": "Example Software GmbH"})
    assert_refused(again, f"{file} is there already; name another file, or remove it.")
    (tmp_path / "logo.png").write_bytes(png())
    text = file.read_text()
    file.write_text(text.replace('# logo = "logo.svg"', 'logo = "logo.png"').replace('"INV"', '"CLI"'))
    applied = terminal("seller", "apply", str(file), "--reason", "ours", "--json").data
    assert (applied["legal_name"], applied["logo"], applied["reason"]) == (
        "Example Software GmbH",
        "image/png",
        "ours",
    )
    kept.write_text(terminal("seller", "show", "--json").out)
    assert terminal("seller", "apply", str(kept), "--json").data["version"] == applied["version"]
    shown = terminal("seller", "show").out
    for said in ("DE136695976", "DE89370400440532013000", "after 15 days, purchases after 1", "CLI", "image/png"):
        assert said in shown
    assert terminal("seller", "remove-logo", "--json").data["logo"] is None
    file.write_text(text.split("[numbering]")[0])
    assert terminal("seller", "apply", str(file), "--json").data["numbering"] is None


def test_numbers_never_go_back(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "seller.toml"
    terminal("seller", "init", str(file))
    text = file.read_text().replace('"INV"', '"BACK"', 1)
    after = '# continue_after = "INV-2026-00123"'
    file.write_text(text.replace(after, 'continue_after = "BACK-2026-00123"', 1))
    applied = terminal("seller", "apply", str(file), "--json").data["numbering"]
    before = terminal("seller", "show", "--json").data

    file.write_text(text.replace(after, 'continue_after = "BACK-2026-00122"', 1))
    refused = terminal("seller", "apply", str(file))

    assert_refused(refused, "BACK-2026-00123 is given already; leave it out")
    assert (terminal("seller", "show", "--json").data, applied["prefix"]) == (before, "BACK")
    file.write_text(text.split("[numbering]")[0])
    terminal("seller", "apply", str(file))


def test_what_is_wrong_with_a_file_is_one_sentence_with_its_place(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "seller.toml"
    terminal("seller", "init", str(file))
    text, before = file.read_text(), terminal("seller", "show", "--json").data
    (tmp_path / "script.svg").write_bytes(svg("<script>alert(1)</script>"))
    (tmp_path / "large.png").write_bytes(bytes(20 * 1024 * 1024))

    for right, wrong, said in (
        ("DE136695976", "ATU13585627", "vat_number: 'ATU13585627' is of AT, but address.country is DE; correct one"),
        ("DE89 3704", "DE88 3704", "bank.iban: 'DE88 3704 0044 0532 0130 00' is no IBAN; copy it from a bank"),
        ('# logo = "logo.svg"', 'logo = "script.svg"', "logo has the element <script>; use shapes and paths alone"),
        ('# logo = "logo.svg"', 'logo = "large.png"', "logo is too large; use a picture of at most 256 KiB"),
        ('# logo = "logo.svg"', 'logo = "none.png"', "none.png can't be read: No such file or directory."),
        ("days_until_due = 15", "days_until_due = 999", "payment_terms.days_until_due must be at most 365."),
        ('city = "Berlin"', "", "address.city is missing; add it."),
        ("legal_name", "legalname", "legal_name is missing; add it."),
    ):
        file.write_text(text.replace(right, wrong, 1))
        for command in ("check", "apply"):
            assert_refused(terminal("seller", command, str(file)), said)

    assert terminal("seller", "show", "--json").data == before
