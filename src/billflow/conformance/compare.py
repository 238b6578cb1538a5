"""Comparing an answer with what a case expects, as sentences that name the place."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from billflow.conformance.given import Json

EXACT = "exact_arithmetic"


def differences(expected: Mapping[str, Json], answer: Mapping[str, Json]) -> tuple[str, ...]:
    """Return how *answer* departs from *expected*, which may leave keys out; an error not expected is one.

    Where the case gives a value for exact arithmetic, that one counts (rules 3).
    """
    exact = expected.get(EXACT)
    wanted = exact if isinstance(exact, Mapping) else expected
    found = list(_compare("expect", wanted, answer))
    if answer.get("error") is not None and "error" not in wanted:
        found.append(f"expect.error: no error was expected, the answer is {answer['error']!r}")
    return tuple(found)


def _compare(path: str, expected: Json, answer: Json) -> Iterator[str]:
    if isinstance(expected, Mapping) and isinstance(answer, Mapping):
        for key, value in expected.items():
            if key in answer:
                yield from _compare(f"{path}.{key}", value, answer[key])
            else:
                yield f"{path}.{key}: expected {value!r}, the answer has nothing of that name"
    elif isinstance(expected, list) and isinstance(answer, list):
        yield from _compare_lists(path, expected, answer)
    elif not _same(expected, answer):
        yield f"{path}: expected {expected!r}, the answer is {answer!r}"


def _same(expected: Json, answer: Json) -> bool:
    """Tell whether two plain values agree: numbers are no truth values, and one moment may be written in many ways."""
    if isinstance(expected, bool) is not isinstance(answer, bool):
        return False
    return expected == answer or (
        isinstance(expected, str) and isinstance(answer, str) and _same_time(expected, answer)
    )


def _same_time(one: str, other: str) -> bool:
    try:
        moments = datetime.fromisoformat(one), datetime.fromisoformat(other)
    except ValueError:
        return False
    return all(moment.tzinfo for moment in moments) and moments[0] == moments[1]


def _compare_lists(path: str, expected: Sequence[Json], answer: Sequence[Json]) -> Iterator[str]:
    if len(expected) != len(answer):
        yield f"{path}: expected {len(expected)} items, the answer has {len(answer)}: {answer!r}"
        return
    for index, (one, other) in enumerate(zip(expected, answer, strict=True)):
        yield from _compare(f"{path}[{index}]", one, other)
