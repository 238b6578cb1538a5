"""The runner itself: every case passes, and nothing that is wrong slips through."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billflow.conformance.kinds import KINDS
from billflow.conformance.kinds.transitions import OPERATIONS
from billflow.conformance.report import Verdict
from billflow.conformance.run import MalformedFile, run_case, run_cases

CASES = Path(__file__).parent.parent / "data" / "cases.json"
SIBLINGS = Path(__file__).parent.parent / "data" / "more_cases.json"

FORMAT = Path(__file__).parent.parent.parent / "docs" / "conformance.md"

ALL: list[dict[str, Any]] = json.loads(CASES.read_text())


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list) and value:
        for index, part in enumerate(value):
            yield from leaves(part, (*path, index))
    else:
        yield path


def judged(case: dict[str, Any]) -> dict[str, Any]:
    exact = case["expect"].get("exact_arithmetic")
    return {"exact_arithmetic": exact} if exact else case["expect"]


def spoiled(expected: Any, path: tuple[str | int, ...]) -> Any:
    wrong = copy.deepcopy(expected)
    place = wrong
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = "something else"
    return wrong


@pytest.mark.parametrize("file", [CASES, SIBLINGS])
def test_every_case_passes(file: Path) -> None:
    report = run_cases(file)

    assert [result for result in report.results if result.verdict is not Verdict.PASSED] == []
    assert report.ok


def test_the_reference_file_has_all_its_cases() -> None:
    assert run_cases(CASES).total.passed == 167
    assert set(run_cases(CASES).totals) == set(KINDS)


def test_the_page_about_the_format_has_a_row_for_each_kind_and_operation() -> None:
    rows = [line.split("`")[1] for line in FORMAT.read_text("utf-8").splitlines() if line.startswith("| `")]

    assert sorted(rows) == sorted(["op", *KINDS, *OPERATIONS])


def test_no_expectation_goes_unchecked() -> None:
    """Spoil every single value that a case expects: each must be noticed."""
    noticed = {
        (case["id"], path): run_case({**case, "expect": spoiled(judged(case), path)}).verdict
        for case in [*ALL, *json.loads(SIBLINGS.read_text())]
        for path in leaves(judged(case))
    }

    assert [place for place, verdict in noticed.items() if verdict is not Verdict.FAILED] == []


def test_an_id_means_nothing() -> None:
    renamed = [run_case({**case, "id": f"case {index}"}) for index, case in enumerate(ALL)]

    assert {result.verdict for result in renamed} == {Verdict.PASSED}


def test_only_the_kind_asked_for_is_run() -> None:
    assert {result.kind for result in run_cases(CASES, "proration").results} == {"proration"}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"kind": "add_weeks"}, "There is no kind 'add_weeks'"),
        ({"kind": 7}, "case.kind must be a string"),
        ({"id": None}, "case lacks 'id'"),
        ({"given": []}, "case.given must be an object"),
        ({"given": {"months": 1}}, "given lacks 'start'"),
        ({"given": {"start": "soon", "months": 1}}, "given.start must be an ISO 8601 time"),
        ({"given": {"start": "2012-01-02T03:04:05", "months": 1}}, "given.start must be a time with an offset"),
        ({"given": {"start": "2012-01-02T03:04:05Z", "months": "1"}}, "given.months must be a whole number"),
        ({"given": {"start": "2012-01-02T03:04:05Z", "months": True}}, "given.months must be a whole number"),
        ({"expect": {}}, "case.expect must say something"),
        ({"expect": None}, "case lacks 'expect'"),
    ],
)
def test_a_malformed_case_is_an_error_and_not_a_skip(change: dict[str, Any], complaint: str) -> None:
    case = {"id": "a", "kind": "add_months", "given": {}, "expect": {"result": None}, **change}

    result = run_case(case)

    assert result.verdict is Verdict.ERROR
    assert complaint in result.differences[0]


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("status_transition", {"op": "reincarnate"}),
        ("invoice_lines", {"event": "birthday"}),
        ("ledger_update", {"op": "guess", "event_time": "2012-01-02T03:04:05Z"}),
        ("license_validation", {"op": "wish"}),
    ],
)
def test_an_unknown_operation_is_an_error(kind: str, given: dict[str, Any]) -> None:
    case = {**next(case for case in ALL if case["kind"] == kind)}

    assert run_case({**case, "given": {**case["given"], **given}}).verdict is Verdict.ERROR


def test_every_key_that_decides_the_answer_is_needed() -> None:
    """Take every key away in turn: the case errs, fails, or the key is one that has a default."""
    optional = {"end_date", "bots", "deactivated", "customer", "arithmetic", "list_prices_cents"}
    kinds = {
        "proration",
        "seat_count",
        "add_months",
        "next_month",
        "fixed_price",
        "flat_discount",
        "tier_change_credit",
    }
    passed = [
        (case["id"], key)
        for case in ALL
        if case["kind"] in kinds
        for key in case["given"].keys() - optional
        if run_case({**case, "given": {k: v for k, v in case["given"].items() if k != key}}).verdict
        is not Verdict.ERROR
    ]

    assert passed == []


def test_backfilling_thousands_of_years_is_an_error_and_no_day_s_work() -> None:
    case: dict[str, Any] = {"id": "a", "kind": "status_transition", "expect": {"error": None}}
    plan = {"schedule": "monthly", "next_invoice_date": "2012-02-02T03:04:05Z"}

    result = run_case({**case, "given": {"op": "cron_catch_up", "now": "9999-01-01T00:00:00Z", "plan": plan}})

    assert result.verdict is Verdict.ERROR
    assert "1200 passes" in result.differences[0]


@pytest.mark.parametrize("text", ["", "{", "{}", '"cases"', "[]", "[" * 100_000])
def test_a_file_that_holds_no_cases_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "cases.json"
    file.write_text(text)

    with pytest.raises(MalformedFile):
        run_cases(file)


def test_cases_may_stand_in_an_object_under_their_name(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"cases": ALL[:3]}))

    assert run_cases(file).total.passed == 3


def test_two_cases_of_one_id_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([ALL[0], ALL[1], ALL[0]]))

    with pytest.raises(MalformedFile, match=f"more than one case '{ALL[0]['id']}'"):
        run_cases(file)


def test_a_case_without_a_kind_is_not_skipped_when_one_kind_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([ALL[0], {"id": "a"}, {"id": "b", "kind": "weather"}]))

    report = run_cases(file, ALL[0]["kind"])

    assert (report.total.passed, report.total.errors) == (1, 2)


def moved_to(result: str) -> Verdict:
    case: dict[str, Any] = {"id": "a", "kind": "add_months", "expect": {"result": result}}
    return run_case({**case, "given": {"start": "2011-12-31T10:00:00Z", "months": 1}}).verdict


@pytest.mark.parametrize("text", ["2012-01-31T10:00:00+00:00", "2012-01-31T11:00:00.000+01:00"])
def test_a_moment_may_be_written_in_any_way(text: str) -> None:
    assert moved_to(text) is Verdict.PASSED


@pytest.mark.parametrize("text", ["2012-01-31T10:00:00", "2012-01-31", "2012-01-31T10:00:01+00:00"])
def test_another_moment_or_none_in_particular_is_a_difference(text: str) -> None:
    assert moved_to(text) is Verdict.FAILED


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedFile, match="can't be read"):
        run_cases(tmp_path / "nowhere.json")


def test_an_unknown_kind_to_run_is_refused() -> None:
    with pytest.raises(MalformedFile, match="There is no kind 'weather'"):
        run_cases(CASES, "weather")


def test_cases_that_are_no_objects_are_errors(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text("[1, null, []]")

    assert run_cases(file).total.errors == 3
