"""A test that waits in vain fails at the end of its time, also where the event loop is at work for others."""

from pathlib import Path

from tests.runner.commands import ran_tests

MODULE = """
import asyncio
import time

import pytest

async def work():
    while True:
        time.sleep(0.01)  # a signal arrives within this task, as one mostly does in a worker's
        await asyncio.sleep(0)

@pytest.mark.timeout(2)
async def test_that_waits_in_vain():
    working = asyncio.create_task(work())
    await asyncio.Event().wait()

async def test_after_it():
    pass
"""


def test_a_test_that_waits_in_vain_fails_while_another_task_works(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(MODULE)

    done = ran_tests(tmp_path, "-p", "no:cacheprovider")

    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"
    assert "Timeout (>2.0s)" in done.stdout
    assert "test_it.py:15 in test_that_waits_in_vain" in done.stdout
