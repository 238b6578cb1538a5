"""`billflow conformance` as a person or a script meets it."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from billflow.cli.conformance import conformance

CASES = Path(__file__).parent.parent / "data" / "cases.json"

app = typer.Typer()
app.command()(conformance)
runner = CliRunner()


@pytest.fixture
def wrong_case(tmp_path: Path) -> Path:
    case = {
        "id": "a",
        "kind": "seat_count",
        "given": {"hosting": "cloud", "non_guests": 1, "guests": 6},
        "expect": {"seats": 3},
    }
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([case]))
    return file


def test_a_file_that_conforms_exits_with_zero_and_prints_totals_per_kind() -> None:
    result = runner.invoke(app, [str(CASES)])

    assert result.exit_code == 0
    assert "status_transition" in result.output
    assert "167" in result.output


def test_a_difference_is_printed_and_exits_with_one(wrong_case: Path) -> None:
    result = runner.invoke(app, [str(wrong_case)])

    assert result.exit_code == 1
    assert "expect.seats: expected 3, the answer is 2" in result.output


def test_the_report_as_json_holds_every_case(wrong_case: Path) -> None:
    report = json.loads(runner.invoke(app, [str(wrong_case), "--json"]).output)

    assert report["total"] == {"passed": 0, "failed": 1, "errors": 0}
    assert [case["verdict"] for case in report["cases"]] == ["failed"]


def test_a_case_that_cannot_be_run_exits_with_two_after_the_others_ran(wrong_case: Path) -> None:
    wrong_case.write_text(json.dumps([*json.loads(wrong_case.read_text()), {"id": "b"}]))

    result = runner.invoke(app, [str(wrong_case), "--json"])

    assert result.exit_code == 2
    assert json.loads(result.output)["total"] == {"passed": 0, "failed": 1, "errors": 1}


def test_a_file_that_cannot_be_read_is_told_as_json_too() -> None:
    result = runner.invoke(app, ["nowhere.json", "--json"])

    assert json.loads(result.stdout)["error"]["code"] == "malformed_file"


@pytest.mark.parametrize("arguments", [["nowhere.json"], [str(CASES), "--kind", "weather"]])
def test_what_cannot_be_read_is_one_sentence_and_exits_with_two(arguments: list[str]) -> None:
    result = runner.invoke(app, arguments)

    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
