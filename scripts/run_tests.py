"""Run each folder of tests in a pytest of its own, a few at a time: `python scripts/run_tests.py [--at-once N]`.

A folder starts its own servers and workers. In one process they would all live until the last test, and workers of
one folder would take the tasks of another.
"""

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

TESTS = Path("tests")
AT_ONCE = 2
LONG = ("workflows", "chaos", "pipeline", "api")
"""The folders that take longest and so begin first: none of them is to run on alone at the end."""
LONGEST = 7200
"""Seconds until a folder is given up."""
NOTHING_COLLECTED = 5
_COUNTS = re.compile(r"(\d+) (passed|failed|errors?|skipped)")


@dataclass(frozen=True)
class Run:
    """What one pytest did."""

    group: Sequence[str]
    code: int
    seconds: float
    output: str

    @property
    def name(self) -> str:
        """Return the folder, or where the files beside the folders are."""
        return self.group[0] if len(self.group) == 1 else str(TESTS)

    @property
    def is_bad(self) -> bool:
        """Tell whether a test failed, or the pytest itself."""
        return self.code not in (0, NOTHING_COLLECTED)

    @property
    def closing(self) -> str:
        """Return pytest's own last words."""
        lines = [line for line in self.output.splitlines() if _COUNTS.search(line)]
        return lines[-1].strip("= ") if lines else "no test was run"

    @property
    def counts(self) -> Counter[str]:
        """Return how many tests passed, failed and so on."""
        return Counter({word.rstrip("s"): int(number) for number, word in _COUNTS.findall(self.closing)})


def groups() -> list[list[str]]:
    """Return what each pytest runs: a folder with tests, or the files beside the folders."""
    folders = sorted({path.relative_to(TESTS).parts[0] for path in TESTS.glob("*/**/test_*.py")})
    folders.sort(key=lambda folder: folder not in LONG)
    return [[str(TESTS / folder)] for folder in folders] + [sorted(map(str, TESTS.glob("test_*.py")))]


def run(group: Sequence[str]) -> Run:
    """Run one pytest to its end."""
    begun = monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *group]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    except subprocess.TimeoutExpired:
        return Run(group, 1, monotonic() - begun, f"{group[0]} took over {LONGEST} s and was ended")
    return Run(group, ended.returncode, monotonic() - begun, ended.stdout + ended.stderr)


def tell(one: Run) -> None:
    """Print how a pytest ended, and all it said where something is wrong."""
    print(f"{one.name:<24} {one.closing} [{one.seconds:.0f} s]", flush=True)
    if one.is_bad:
        print(one.output, flush=True)


def all_runs(at_once: int) -> list[Run]:
    """Run every group, a few at a time, telling of each as it ends."""
    ended = []
    with ThreadPoolExecutor(at_once) as pool:
        for future in as_completed([pool.submit(run, group) for group in groups()]):
            ended.append(future.result())
            tell(ended[-1])
    return ended


def main() -> int:
    """Run everything; return 1 where a test failed, or a pytest broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="how many folders at a time (%(default)s)")
    ended = all_runs(parser.parse_args().at_once)
    total = sum((one.counts for one in ended), Counter[str]())
    print(f"{total['passed']} passed, {total['failed'] + total['error']} failed")
    return int(any(one.is_bad for one in ended))


if __name__ == "__main__":
    sys.exit(main())
