"""`billflow import csv` and `json` as they are typed: checked first, nothing half taken, repeated without harm."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from shutil import copytree

import httpx

from tests.cli.terminal import Output
from tests.imports.openings import Json
from tests.imports.test_import import a_clock

Typed = Callable[..., Awaitable[Output]]

EXAMPLE = Path(__file__).parents[2] / "examples" / "import"
NOW = "2026-11-30T12:00:00Z"
IMPORTED = {"cus_lighthouse", "cus_orchard", "cus_harbor"}


def outcomes(data: Json) -> dict[str, str]:
    return {row["external_id"]: row["outcome"] for row in data["records"]}


def renamed(folder: Path, mark: str) -> Path:
    """Return a copy of the example whose rows are others: each test has its own customers."""
    copytree(EXAMPLE, folder)
    for file in folder.iterdir():
        text = file.read_text()
        for name in ("cus_", "sub_", "in_0"):
            text = text.replace(name, f"{mark}{name}")
        file.write_text(text.replace("@", f"@{mark}."))
    return folder


async def test_the_example_is_checked_taken_and_known_afterwards(
    api: httpx.AsyncClient, terminal: Typed, tmp_path: Path
) -> None:
    clock, report = await a_clock(api, NOW), tmp_path / "report.csv"

    checked = (await terminal("import", "csv", str(EXAMPLE), "--check", "--test-clock", clock, "--json")).data
    assert (checked["written"], checked["counts"]) == (False, {"imported": 8})
    known = (await api.get("/api/v1/customers", params={"q": "lighthouse"})).json()
    assert known["total"] == 0

    taken = (
        await terminal("import", "csv", str(EXAMPLE), "--test-clock", clock, "--report", str(report), "--json")
    ).data
    assert (taken["written"], taken["counts"]) == (True, {"imported": 8})
    mapped = {row["external_id"]: row["mapped"] for row in taken["records"]}
    assert mapped["sub_harbor"]["status"] == "switch_to_annual_at_end_of_cycle"
    assert mapped["sub_harbor"]["next_invoice_date"] == "2026-12-31T00:00:00Z"
    assert report.read_text().splitlines()[0].startswith("kind,external_id,outcome,id,mapped")
    assert len(report.read_text().splitlines()) == 9

    again = (await terminal("import", "csv", str(EXAMPLE), "--test-clock", clock, "--json")).data
    assert again["counts"] == {"known": 8}
    assert [row["id"] for row in again["records"]] == [row["id"] for row in taken["records"]]


async def test_one_bad_row_holds_everything_back_until_it_is_to_be_skipped(
    api: httpx.AsyncClient, terminal: Typed, tmp_path: Path
) -> None:
    clock, folder = await a_clock(api, NOW), renamed(tmp_path / "old", "bad")
    plans = folder / "plans.csv"
    plans.write_text(plans.read_text().replace("cloud_plus", "gold").replace(",6,manual", ",six,manual"))
    words = ("import", "csv", str(folder), "--test-clock", clock)

    refused = await terminal(*words)
    assert refused.code == 1
    assert (
        "Checked, nothing written; can be imported: 1 customer, 1 plan, 1 invoice; 3 held back; 2 refused."
        in refused.out
    )
    assert "There is no tier 'gold'" in refused.out
    assert "licenses must be a whole number." in refused.out
    assert (await api.get("/api/v1/customers", params={"q": "@bad."})).json()["total"] == 0

    skipped = await terminal(*words, "--skip-refused", "--json")
    data = json.loads(skipped.out)
    assert (skipped.code, data["written"], data["reasons"]) == (1, True, {"wrong_type": 1, "unknown_tier": 1})
    assert (await api.get("/api/v1/customers", params={"q": "@bad."})).json()["total"] == 1


async def test_each_row_has_its_reason_also_beside_others_of_its_customer(
    api: httpx.AsyncClient, terminal: Typed, tmp_path: Path
) -> None:
    clock, folder = await a_clock(api, NOW), renamed(tmp_path / "old", "many")
    plans, invoices = folder / "plans.csv", folder / "invoices.csv"
    plans.write_text(
        plans.read_text().replace("cloud_plus", "gold").replace("cloud_standard,monthly", "silver,monthly")
    )
    customers = folder / "customers.csv"
    invoices.write_text(invoices.read_text().replace("O-3,open", "O-3,lost"))
    customers.write_text(customers.read_text().replace("finance@many.harbor.example", "nowhere"))

    for option in ("--check", "--skip-refused"):
        answer = await terminal("import", "csv", str(folder), option, "--test-clock", clock, "--json")

        data = json.loads(answer.out)
        refused = {row["external_id"]: row["code"] for row in data["records"] if row["outcome"] == "refused"}
        assert refused == {
            "manysub_lighthouse": "unknown_tier",
            "manysub_orchard": "unknown_tier",
            "manyin_0002": "not_one_of",
            "manycus_harbor": "wrong_format",
        }
        assert data["counts"] == {"held_back": 4, "refused": 4}
    assert (await api.get("/api/v1/customers", params={"q": "@many."})).json()["total"] == 0


async def test_json_lines_say_the_same_as_csv(api: httpx.AsyncClient, terminal: Typed, tmp_path: Path) -> None:
    clock = await a_clock(api, NOW)
    customer = {"external_id": "lines", "name": "Lines", "email": "lines@acme.example", "metadata": {"crm": "7"}}
    (tmp_path / "customers.jsonl").write_text(json.dumps(customer) + "\n")
    invoice = {"external_id": "lines_1", "customer": "nobody", "status": "open", "currency": "USD", "total": 1}
    (tmp_path / "invoices.json").write_text(json.dumps([{**invoice, "issued_at": NOW}]))

    answer = await terminal("import", "json", str(tmp_path), "--check", "--test-clock", clock, "--json")

    data = json.loads(answer.out)
    assert outcomes(data) == {"lines_1": "refused", "lines": "imported"}
    assert data["reasons"] == {"unknown_customer": 1}


async def test_a_folder_without_customers_is_refused_in_a_sentence(terminal: Typed, tmp_path: Path) -> None:
    answer = await terminal("import", "csv", str(tmp_path))

    assert (answer.code, answer.out) == (1, "")
    assert "has no customers.csv; write it first." in answer.err
