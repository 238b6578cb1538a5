"""Run the tests in a temporary folder of their own, and fail where they leave something behind.

Usage: python scripts/run_tests.py [ARGUMENTS OF PYTEST]

Without arguments all tests run, in as many processes as `--processes` says or else four.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from leftovers import adopt_orphans, described, end, reap_until, remains_in, still_running

ROOT = Path(__file__).parents[1]
PLUGINS = [
    f"tests.plugins.{name}"
    for name in ("garbage", "failures", "progress", "folders", "unclosed", "timeouts", "processes")
]
PROCESSES = ("--processes", "4")
"""Half of the time a test waits, for a worker to stop or for a clock, so four processes keep two cores busy."""

IGNORED = {"CI", "BUILD_NUMBER", "PYTHONDONTWRITEBYTECODE"}
"""Variables that tests don't see: where pytest finds one of the first two it repeats whole messages in its summary, and
under the third each of a hundred processes would compile everything again."""


def main(arguments: Sequence[str]) -> int:
    """Run pytest; return 0 where every test passed and nothing is left."""
    folder = Path(tempfile.mkdtemp(prefix="billflow-tests-"))
    folder.chmod(0o711)  # PostgreSQL runs as another user where root starts it
    adopt_orphans()
    try:
        code, counts = run_pytest(arguments, folder)
        processes = still_running(folder)
        left = [*map(described, processes), *remains_in(folder)]
        end(processes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for what in left:
        print(f"LEFT BEHIND {what}")
    failed = counts.get("failed", 0) + bool(left)
    if code and not failed:
        print(f"pytest ended with code {code}")
    used = os.times()
    print(f"{used.children_user + used.children_system:.0f} CPU seconds")
    print(f"{counts.get('passed', 0)} passed, {failed} failed")
    return code or int(bool(left))


def run_pytest(arguments: Sequence[str], folder: Path) -> tuple[int, dict[str, int]]:
    """Run pytest to its end; return its exit code and how many tests passed and failed."""
    counts, base = folder / "counts.json", folder / "pytest"
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--durations=10", "--durations-min=1"]
    command += [word for plugin in PLUGINS for word in ("-p", plugin)]
    command += [f"--counts={counts}", f"--basetemp={base}", *(arguments or PROCESSES)]
    os.chdir(ROOT)
    sys.stdout.flush()
    environment = {name: value for name, value in os.environ.items() if name not in IGNORED}
    # What a shell starts in the background ignores ctrl-C, and so would pytest, which is ended by it.
    pid = os.posix_spawn(sys.executable, command, environment | {"TMPDIR": str(folder)}, setsigdef=[signal.SIGINT])
    code = reap_until(pid, counts)
    known = json.loads(counts.read_text()) if counts.exists() else {}
    counts.unlink(missing_ok=True)
    shutil.rmtree(base, ignore_errors=True)
    return code, known


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
