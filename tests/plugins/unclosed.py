"""A pytest plugin: what the tests of a folder left open fails the last of them.

By itself Python would find a connection, a socket or a file that nobody closed at any time, in a test that has nothing
to do with it, or not at all.
"""

import gc
from collections.abc import Generator

import pytest
from _pytest.unraisableexception import collect_unraisable

from tests.plugins.folders import folder_of


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """Collect what a folder made once all of its fixtures have ended."""
    yield
    if nextitem is None or folder_of(item.nodeid) != folder_of(nextitem.nodeid):
        gc.collect()
        collect_unraisable(item.config)
