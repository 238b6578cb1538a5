"""An id is named by as much of its beginning as is its own."""

import pytest

from billflow.cli.lookup import only
from billflow.domain.errors import InvalidInput, NotFound


def test_one_match_is_meant() -> None:
    assert only("plan", "019", ["0192"]) == "0192"


def test_no_match_says_where_to_look() -> None:
    with pytest.raises(NotFound, match=r"There is no plan '7'; `billflow plan list` shows them\."):
        only("plan", "7", [])


def test_several_matches_ask_for_more() -> None:
    with pytest.raises(InvalidInput, match=r"Several fit '01': 0192, 0193; type more of the plan's id\."):
        only("plan", "01", ["0192", "0193"])
