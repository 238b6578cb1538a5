"""Run the tests several times while busy loops occupy every core twice over, and say how each run ended and when.

Example, for one folder once: python scripts/under_load.py --runs 1 --command "make test ARGS=tests/api"
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import psutil

ROOT = Path(__file__).parents[1]
LOOP = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): pass"
"""Ends by itself where whoever started it is gone."""

GRACE = 60.0
"""Seconds that an interrupted run has to stop its servers."""


@contextmanager
def busy_loops(count: int) -> Iterator[list[int]]:
    """Keep *count* processes busy, and yield their ids; all are gone at the end.

    They share one session: Linux divides the cores among sessions first, so a loop with one of its own would get as
    much as all tests together.
    """
    loops: list[subprocess.Popen[bytes]] = []
    try:
        while len(loops) < count:
            loops.append(subprocess.Popen([sys.executable, "-S", "-c", LOOP, str(os.getpid())], process_group=0))
        yield [loop.pid for loop in loops]
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def run(command: Sequence[str], output: Path) -> int:
    """Run a command to its end with what it says in *output*, and return its exit code; ctrl-C ends it first."""
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file, start_new_session=True)
        try:
            return process.wait()
        except BaseException:
            interrupt(psutil.Process(process.pid))
            raise


def interrupt(process: psutil.Process) -> None:
    """End a process group and all that came from it: by ctrl-C's signal, and by SIGKILL what does not listen."""
    family = [*process.children(recursive=True), process]
    os.killpg(process.pid, signal.SIGINT)
    _, alive = psutil.wait_procs(family, timeout=GRACE)
    for one in alive:
        one.kill()
    psutil.wait_procs(alive)


def told(number: int, code: int, seconds: float, output: Path) -> str:
    """Return the line that says how a run ended."""
    lines = output.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    ending = f"passed: {lines[-1]}" if code == 0 else f"FAILED with code {code}, see {output}"
    return f"run {number}: {seconds:.0f} s, {ending}"


def all_runs(command: Sequence[str], runs: int, loops: int) -> bool:
    """Run a command so many times under load, and tell whether every run passed."""
    folder, failed, first = Path(tempfile.mkdtemp(prefix="billflow-under-load-")), 0, monotonic()
    with busy_loops(loops):
        for number in range(1, runs + 1):
            begun, output = monotonic(), folder / f"run-{number}.log"
            code = run(command, output)
            print(told(number, code, monotonic() - begun, output), flush=True)
            if code == 0:
                output.unlink()
            failed += code != 0
    print(f"{runs - failed} of {runs} runs passed in {monotonic() - first:.0f} s with {loops} busy loops")
    if not failed:
        folder.rmdir()
    return not failed


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="how many times (%(default)s)")
    parser.add_argument("--loops", type=int, default=2 * (os.cpu_count() or 1), help="busy loops (%(default)s here)")
    parser.add_argument("--command", default="make test", help="what to run (%(default)s)")
    return parser.parse_args()


def main() -> int:
    """Run everything; return 1 where a run failed, 130 after ctrl-C."""
    asked = arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return 0 if all_runs(shlex.split(asked.command), asked.runs, asked.loops) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
