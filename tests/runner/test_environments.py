"""Once the workers of an environment have failed, each further test of it fails at once, by what failed them."""

from pathlib import Path

from tests.runner.commands import ran_tests

SHARING = """
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

@pytest.fixture(scope="module")
def env():
    return SimpleNamespace(working=Future())

def test_during_which_they_fail(env):
    env.working.set_exception(RuntimeError("Activity worker failed"))

def test_that_would_wait_for_them(env):
    pass

def test_without_them():
    pass
"""


def test_a_test_of_failed_workers_fails_by_what_failed_them(tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "sharing"
    folder.mkdir(parents=True)
    (folder / "test_sharing.py").write_text(SHARING)

    done = ran_tests(tmp_path, "-p", "tests.plugins.environments")

    assert done.returncode == 1, done.stdout
    assert "2 passed, 1 failed" in done.stdout
    assert "E   RuntimeError: Activity worker failed" in done.stdout
