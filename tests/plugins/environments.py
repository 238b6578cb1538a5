"""A pytest plugin: a test of an environment whose workers have failed fails at once, by what failed them.

By itself each test that shares the environment would wait in vain for as long as it waits for anything.
"""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Raise what ended the workers of the test's fixture `env`, if anything did."""
    if isinstance(item, pytest.Function) and "env" in item.fixturenames:
        working = getattr(item._request.getfixturevalue("env"), "working", None)
        if working and working.done():
            working.result()
