"""Moments are read the way people write them, and refused with an example."""

from datetime import UTC, datetime

import pytest

from billflow.cli.params import moment
from billflow.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T12:30", datetime(2027, 1, 31, 12, 30, tzinfo=UTC)),
        ("2027-01-31T12:00:00Z", datetime(2027, 1, 31, 12, tzinfo=UTC)),
        ("2027-01-31T12:00:00+02:00", datetime(2027, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_moment_is_utc_unless_it_says_otherwise(text: str, expected: datetime) -> None:
    assert moment(text) == expected


def test_what_is_no_moment_is_refused_with_one_that_is() -> None:
    with pytest.raises(InvalidInput, match="write it as 2027-01-31"):
        moment("next week")
