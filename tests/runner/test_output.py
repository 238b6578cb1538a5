"""What `scripts/run_tests.py` prints of tests that pass, that fail, and that leave something behind."""

import os
import re
from pathlib import Path

import psutil

from tests.runner.commands import ran_tests

PASSING = """
def test_that_passes():
    print("nobody wants to read this")
"""

FAILING = """
import asyncio

def owe(amount):
    try:
        {}["price"]
    except KeyError as error:
        raise ValueError("\\n".join(f"line {number} of the message" for number in range(1000))) from error

async def test_that_fails(record_property, tmp_path):
    record_property("BILLFLOW_CHAOS_SEED", 42)
    (tmp_path / "temporal.log").write_text("".join(f"the server's line {number}\\n" for number in range(1000)))
    for number in range(1000):
        print("the test's line", number, "x" * 1000)
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.to_thread(owe, 8))
"""

HANGING = """
import asyncio
import pytest

async def customer_pays():
    await asyncio.sleep(60)

@pytest.mark.timeout(0.5)
async def test_that_hangs():
    await customer_pays()
"""

LEAVING = """
import subprocess
import sys
import tempfile
from pathlib import Path

SERVER = "import socket, time; server = socket.create_server(('127.0.0.1', 0)); time.sleep(600)"

def test_that_leaves_things():
    process = subprocess.Popen([sys.executable, "-c", SERVER], start_new_session=True, env={})
    process.returncode = 0  # nobody waits for it
    Path(tempfile.gettempdir(), "forgotten.txt").touch()
"""


def run(folder: Path, test: str) -> tuple[int, list[str]]:
    """Run a module of tests as `make test` does; return the exit code and the lines."""
    (folder / "test_it.py").write_text(test)
    done = ran_tests(folder)
    return done.returncode, done.stdout.splitlines()


def test_what_these_tests_were_told_by_variables_is_told_to_no_program_that_they_start() -> None:
    assert [name for name in os.environ if name.startswith("BILLFLOW_")] == []


def test_of_passing_tests_only_the_summary_is_printed(tmp_path: Path) -> None:
    code, lines = run(tmp_path, PASSING)

    assert (code, lines[-1]) == (0, "1 passed, 0 failed")
    assert len(lines) < 10
    assert "nobody" not in "\n".join(lines)


def test_a_failure_is_told_in_under_sixty_lines_with_its_place_logs_seed_and_command(tmp_path: Path) -> None:
    code, lines = run(tmp_path, FAILING)

    told = "\n".join(lines)
    assert (code, lines[-1]) == (1, "0 passed, 1 failed")
    assert len(lines) < 60
    assert max(map(len, lines)) < 250
    assert "test_it.py:8: in owe" in told
    assert "E   ValueError: line 0 of the message" in told
    assert "KeyError: 'price'" in told
    assert "the test's line 999" in told
    assert "the server's line 999" in told
    alone = next(line for line in lines if "-m pytest -v" in line)
    assert alone.startswith("env BILLFLOW_CHAOS_SEED=42 ")
    assert alone.endswith("test_it.py::test_that_fails")


def test_of_a_test_that_hangs_one_sees_what_it_waited_for(tmp_path: Path) -> None:
    _, lines = run(tmp_path, HANGING)

    assert f"{tmp_path / 'test_it.py'}:6 in customer_pays" in lines
    assert not [line for line in lines if "Stack of" in line]


def test_what_is_left_behind_is_named_and_ended_and_fails_the_run(tmp_path: Path) -> None:
    code, lines = run(tmp_path, LEAVING)

    [file, process] = sorted(line for line in lines if line.startswith("LEFT BEHIND"))
    assert file.endswith("forgotten.txt")
    found = re.fullmatch(r"LEFT BEHIND process (\d+): .*socket.*, listening on \[\d+\]", process)
    assert found
    assert not psutil.pid_exists(int(found[1]))
    assert (code, lines[-1]) == (1, "1 passed, 1 failed")
