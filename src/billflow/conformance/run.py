"""Reading a file of cases and running each through the domain."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from billflow.conformance.compare import differences
from billflow.conformance.given import Answer, Given, Json, MalformedCase
from billflow.conformance.kinds import KINDS, Kind
from billflow.conformance.report import CaseResult, Report, Verdict
from billflow.domain.errors import BillingError, InvalidInput


class MalformedFile(InvalidInput):
    """The file given to `billflow conformance` holds no cases that could be run.

    Name a JSON file with a list of cases, and a kind that there is.
    """

    code = "malformed_file"


def run_cases(path: Path, kind: str | None = None) -> Report:
    """Run every case of the file, or only those of *kind*.

    Raises `MalformedFile` where the file can't be read as cases, or has none of *kind*; a single case that can't be
    run is an `ERROR` in the report. A case that names no kind there is belongs to every kind, so that none is skipped.
    """
    if kind is not None and kind not in KINDS:
        raise MalformedFile(f"There is no kind {kind!r}; the kinds are {', '.join(KINDS)}.", field="kind")
    cases = read_cases(path)
    wanted = [case for case in cases if kind is None or (named := _field(case, "kind")) == kind or named not in KINDS]
    if not wanted:
        raise MalformedFile(f"{path.name} has no cases{f' of kind {kind}' if kind else ''}.", field="file")
    return Report(tuple(run_case(case) for case in wanted))


def read_cases(path: Path) -> list[Json]:
    """Return the cases of a file: a JSON list, or an object that holds it as `cases`; no two have the same id."""
    try:
        held = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MalformedFile(f"{path} can't be read: {error.strerror}.", field="file") from None
    except (ValueError, RecursionError) as error:
        raise MalformedFile(f"{path.name} is not JSON: {error}.", field="file") from None
    cases = held.get("cases") if isinstance(held, Mapping) else held
    if not isinstance(cases, list):
        raise MalformedFile(f'{path.name} must hold a list of cases, alone or as "cases".', field="file")
    if twice := _ids_twice(cases):
        raise MalformedFile(f"{path.name} has more than one case {', '.join(twice)}; ids are unique.", field="file")
    return cases


def _ids_twice(cases: list[Json]) -> list[str]:
    ids = Counter(case["id"] for case in cases if isinstance(case, Mapping) and isinstance(case.get("id"), str))
    return [repr(name) for name, count in ids.items() if count > 1]


def run_case(case: Json) -> CaseResult:
    """Run one case; one that can't be run, or that the domain stumbles over, is an `ERROR` with its reason."""
    try:
        kind, given, expected = _parts_of(case)
        found = differences(expected, answer_to(kind, given))
        verdict = Verdict.FAILED if found else Verdict.PASSED
    except MalformedCase as error:
        verdict, found = Verdict.ERROR, (error.message,)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        verdict, found = Verdict.ERROR, (f"the case has values that make no sense together: {error}",)
    return CaseResult(_field(case, "id"), _field(case, "kind"), verdict, found)


def answer_to(kind: Kind, given: Given) -> Answer:
    """Return what the domain answers; a refusal is an answer too: its code as `error`."""
    try:
        return kind(given)
    except MalformedCase:
        raise
    except BillingError as error:
        return {"error": error.code}


def _parts_of(case: Json) -> tuple[Kind, Given, Mapping[str, Json]]:
    if not isinstance(case, Mapping):
        raise MalformedCase("A case must be an object.")
    whole = Given(case, "case")
    whole.text("id")
    kind = whole.text("kind")
    if kind not in KINDS:
        raise MalformedCase(f"There is no kind {kind!r}; the kinds are {', '.join(KINDS)}.", field="kind")
    expected = whole.part("expect").values
    if not expected:
        raise MalformedCase("case.expect must say something.", field="expect")
    return KINDS[kind], Given(whole.part("given").values), expected


def _field(case: Json, name: str) -> str:
    return str(case.get(name, "?")) if isinstance(case, Mapping) else "?"
