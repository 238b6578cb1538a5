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
AT_ONCE = 3
NOTHING_COLLECTED = 5
_COUNTS = re.compile(r"(\d+) (passed|failed|errors?|skipped)")


@dataclass(frozen=True)
class Run:
    """What one pytest did."""

    name: str
    code: int
    seconds: float
    output: str

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
    return [[str(TESTS / folder)] for folder in folders] + [sorted(map(str, TESTS.glob("test_*.py")))]


def run(group: Sequence[str]) -> Run:
    """Run one pytest to its end."""
    begun = monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *group]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    name = group[0] if len(group) == 1 else str(TESTS)
    return Run(name, ended.returncode, monotonic() - begun, ended.stdout + ended.stderr)


def main() -> int:
    """Run everything, tell of each folder as it ends, and return 1 where a test failed or a pytest broke."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="how many folders at a time (%(default)s)")
    total: Counter[str] = Counter()
    failed = False
    with ThreadPoolExecutor(parser.parse_args().at_once) as pool:
        for ended in as_completed([pool.submit(run, group) for group in groups()]):
            one = ended.result()
            total += one.counts
            bad = one.code not in (0, NOTHING_COLLECTED)
            failed |= bad
            print(f"{one.name:<24} {one.closing} [{one.seconds:.0f} s]", flush=True)
            if bad:
                print(one.output, flush=True)
    print(f"{total['passed']} passed, {total['failed'] + total['error']} failed")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
