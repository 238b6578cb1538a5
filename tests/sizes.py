"""How much the tests look at: a little (`make test`), all of it (`make test-all`), or for an hour (`make chaos`)."""

import os
from enum import StrEnum
from typing import TypeVar

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
