"""How much the tests look at: a little (`make test`), all of it (`make test-all`), or for an hour (`make chaos`)."""

import os
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any, TypeVar

import pytest

Value = TypeVar("Value")

VARIABLE = "BILLFLOW_TESTS"


class Size(StrEnum):
    """The values of the variable."""

    SMALL = "small"
    FULL = "full"
    LONG = "long"


SIZE = Size(os.environ.get(VARIABLE) or Size.SMALL)


def sized(small: Value, full: Value, long: Value) -> Value:
    """Return the value for this run."""
    return {Size.SMALL: small, Size.FULL: full, Size.LONG: long}[SIZE]


def some(count: int, cases: Iterable[Any]) -> Collection[Any]:
    """Return the cases of a parametrized test, of which `make test` runs the first *count*."""
    listed = [*cases]
    return [*(_case(case) for case in listed[:count]), *further(*listed[count:])]


def further(*cases: Any) -> Collection[Any]:
    """Return cases of a parametrized test that `make test` leaves out."""
    return [_case(case, pytest.mark.full) for case in cases]


def _case(case: Any, *marks: pytest.MarkDecorator) -> Any:
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=marks)
