"""The cases in other words and numbers: what has no bearing on the answer changes nothing, the rest in proportion."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from billflow.conformance.report import Verdict
from billflow.conformance.run import run_case

DATA = Path(__file__).parent.parent / "data"
Case = dict[str, Any]
ALL: list[Case] = [*json.loads((DATA / "cases.json").read_text()), *json.loads((DATA / "more_cases.json").read_text())]

TIME = re.compile(r"(\d{4})(-\d\d-\d\dT.*)Z")
NULL_MEANS_SOMETHING = {"invoiced_through"}


def everywhere(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return *value* with *change* made to every part of it, the innermost first."""
    if isinstance(value, dict):
        return change({key: everywhere(part, change) for key, part in value.items()})
    if isinstance(value, list):
        return change([everywhere(part, change) for part in value])
    return change(value)


def four_hundred_years_on(value: Any) -> Any:
    """Move a time by one whole cycle of the calendar, in which every date falls as before."""
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    return f"{int(found[1]) + 400}{found[2]}Z" if found else value


def with_another_offset(value: Any) -> Any:
    return value.removesuffix("Z") + "+00:00" if isinstance(value, str) and TIME.fullmatch(value) else value


def without_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: part for key, part in value.items() if part is not None or key in NULL_MEANS_SOMETHING}


def with_remarks(value: Any) -> Any:
    return {**value, "remark": "nothing the rules know of"} if isinstance(value, dict) else value


def turned_round(value: Any) -> Any:
    return dict(reversed(value.items())) if isinstance(value, dict) else value


def verdicts(cases: list[Case]) -> dict[str, tuple[Verdict, tuple[str, ...]]]:
    results = [run_case(case) for case in cases]
    return {result.id: (result.verdict, result.differences) for result in results if result.verdict != Verdict.PASSED}


@pytest.mark.parametrize("change", [four_hundred_years_on, with_another_offset, turned_round])
def test_the_answers_stay_when_a_whole_case_is_told_otherwise(change: Callable[[Any], Any]) -> None:
    assert verdicts([everywhere(case, change) for case in ALL if not is_in_far_future(case)]) == {}


@pytest.mark.parametrize("change", [without_nulls, with_remarks])
def test_the_answers_stay_when_facts_without_meaning_come_or_go(change: Callable[[Any], Any]) -> None:
    assert verdicts([{**case, "given": everywhere(case["given"], change)} for case in ALL]) == {}


def test_seven_times_the_licenses_cost_seven_times_as_much() -> None:
    cases = [case for case in ALL if case["kind"] == "invoice_lines" and per_license(case)]

    assert len(cases) > 20
    assert verdicts([enlarged(case, 7) for case in cases]) == {}


def test_seven_times_the_quantity_prorates_to_seven_times_the_amount() -> None:
    cases = copy.deepcopy([case for case in ALL if case["kind"] == "proration"])
    for case in cases:
        expected = case["expect"].get("exact_arithmetic", case["expect"])
        for part, key in ((case["given"], "quantity"), (expected, "quantity"), (expected, "amount")):
            part[key] *= 7

    assert verdicts(cases) == {}


def is_in_far_future(case: Case) -> bool:
    return "9999-" in json.dumps(case)


def per_license(case: Case) -> bool:
    given = case["given"]
    return given.get("plan", given).get("fixed_price_cents") is None and "lines" in case["expect"]


def enlarged(case: Case, factor: int) -> Case:
    """Multiply every number of licenses, and what it costs; flat discounts stay."""
    larger = copy.deepcopy(case)
    given, expected = larger["given"], larger["expect"]
    for counted in (given, *given.get("ledger", [])):
        for key in ("licenses", "licenses_at_next_renewal"):
            if key in counted:
                counted[key] *= factor
    for line in expected["lines"]:
        if line["description_kind"] != "flat_discount":
            line["quantity"] *= factor
            line["amount"] *= factor
    expected["total"] = sum(line["amount"] for line in expected["lines"])
    return larger
