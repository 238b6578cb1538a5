"""How much the tests look at: a little (`make test`), all of it (`make test-all`), or for an hour (`make chaos`)."""

import os
from collections.abc import Collection
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


def further(*cases: Any) -> Collection[Any]:
    """Return cases of a parametrized test that `make test` leaves out."""
    return [pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.full) for case in cases]
