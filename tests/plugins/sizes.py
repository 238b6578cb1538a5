"""A pytest plugin: the small size leaves out the tests that are marked `full`."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.sizes import SIZE, Size

LEFT_OUT = pytest.StashKey[list[pytest.Item]]()
EMPTIED = pytest.StashKey[set[Path]]()
"""The folders that have no test left, nor any below them."""


def left_out(items: Sequence[pytest.Item], size: Size) -> list[pytest.Item]:
    """Return those that a run of that size leaves out."""
    return [item for item in items if size is Size.SMALL and item.get_closest_marker("full")]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only larger sizes run, and remember it."""
    left = left_out(items, SIZE)
    without = set(left)
    kept = [item for item in items if item not in without]
    config.stash[LEFT_OUT] = left
    with_tests = {folder for item in kept for folder in item.path.parents}
    config.stash[EMPTIED] = {item.path.parent for item in left} - with_tests
    items[:] = kept
    if left:
        config.hook.pytest_deselected(items=left)
