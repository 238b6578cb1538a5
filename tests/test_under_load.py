"""`scripts/under_load.py` says how each run ended, and leaves no process behind."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.sizes import further
from tests.source import ROOT
from tests.waiting import PATIENCE

PROGRAM = [sys.executable, str(ROOT / "scripts" / "under_load.py"), "--loops", "2"]


def python(code: str) -> str:
    return f"{sys.executable} -c '{code}'"


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"TMPDIR": str(folder)}


def under_load(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*PROGRAM, *options], env=environment(folder), capture_output=True, text=True, check=False)


@pytest.fixture
def family(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", list[psutil.Process]]]:
    """Yield a run that has begun and won't end, and the processes it has started: two loops and the command."""
    begun = tmp_path / "begun"
    waiting = python(f'import pathlib, signal; pathlib.Path("{begun}").touch(); signal.pause()')
    with subprocess.Popen([*PROGRAM, "--command", waiting], env=environment(tmp_path)) as process:
        while not begun.exists():
            assert process.poll() is None
        children = psutil.Process(process.pid).children()
        yield process, children
        process.kill()
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def test_each_run_is_a_line_and_leaves_nothing(tmp_path: Path) -> None:
    ended = under_load(tmp_path, "--runs", "2", "--command", python('print("noise"); print("5 tests")'))

    assert ended.returncode == 0
    *runs, summary = ended.stdout.splitlines()
    assert [line.split(", ")[1] for line in runs] == ["passed: 5 tests"] * 2
    assert re.fullmatch(r"2 of 2 runs passed in \d+ s with 2 busy loops", summary)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_fails_is_named_with_its_output(tmp_path: Path) -> None:
    ended = under_load(tmp_path, "--runs", "1", "--command", python('import sys; print("why"); sys.exit(7)'))

    assert ended.returncode == 1
    run, summary = ended.stdout.splitlines()
    assert "FAILED with code 7, see " in run
    assert Path(run.split()[-1]).read_text() == "why\n"
    assert summary.startswith("0 of 1 runs passed in ")


@pytest.mark.parametrize("number", [signal.SIGINT, *further(signal.SIGTERM)])
def test_an_interrupted_run_leaves_no_process(
    family: tuple["subprocess.Popen[bytes]", list[psutil.Process]], number: signal.Signals
) -> None:
    process, children = family

    process.send_signal(number)

    assert process.wait(PATIENCE) == 130
    assert len(children) == 3
    assert [child for child in children if child.is_running()] == []


def test_the_loops_end_even_where_nobody_can_end_them(
    family: tuple["subprocess.Popen[bytes]", list[psutil.Process]],
) -> None:
    process, children = family
    loops = [child for child in children if "getppid" in " ".join(child.cmdline())]

    process.kill()
    _, alive = psutil.wait_procs(loops, timeout=PATIENCE)

    assert len(loops) == 2
    assert alive == []
