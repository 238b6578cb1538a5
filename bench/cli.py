"""How soon the command line answers: `python bench/cli.py [--runs N]`.

Types `billflow --help` and, beside a `billflow dev`, `billflow plan list`, each in a process of its own, and takes the
user CPU time it was charged: other jobs on the machine stretch the time on the wall far more. The goals are 0.4 s and
0.5 s. A process that imports asyncio and nothing else runs in between, to tell how slow the machine is meanwhile.
"""

import argparse
import os
import re
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from tempfile import TemporaryDirectory

IMPORTED = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")
HEAVIEST = 8


@dataclass
class Measured:
    """A program, the goal for its user CPU seconds where there is one, and how many its runs took."""

    name: str
    arguments: Sequence[str]
    goal: float | None = None
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Return the median of the runs."""
        return median(self.seconds)


PROGRAMS = (
    Measured("import asyncio", ("-c", "import asyncio")),
    Measured("billflow --help", ("-m", "billflow.cli", "--help"), 0.4),
    Measured("billflow plan list", ("-m", "billflow.cli", "plan", "list"), 0.5),
)


def main() -> int:
    """Measure and print; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="how often each is run")
    runs = parser.parse_args().runs
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "BILLFLOW_DATA_DIR": folder, "XDG_STATE_HOME": f"{folder}/state"}
        with _running_dev(environment):
            _run_all(environment, runs)
            for one in PROGRAMS:
                _show(one, environment)
    return 1 if any(one.goal and one.median > one.goal for one in PROGRAMS) else 0


@contextmanager
def _running_dev(environment: Mapping[str, str]) -> Iterator[None]:
    """Run `billflow dev`, which writes where it answers into a folder of its own, and stop it at the end."""
    command = [sys.executable, "-m", "billflow.cli", "dev"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as dev:  # noqa: S603
        try:
            next((line for line in dev.stdout or () if "Try" in line), None)
            yield
        finally:
            dev.send_signal(signal.SIGINT)


def _run_all(environment: Mapping[str, str], runs: int) -> None:
    for _ in range(runs):
        for one in PROGRAMS:
            one.seconds.append(_user_seconds(one.arguments, environment))


def _user_seconds(arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    _run(arguments, environment)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(  # noqa: S603  (our own command line)
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return done.stderr


def _show(one: Measured, environment: Mapping[str, str]) -> None:
    imported = IMPORTED.findall(_run(("-X", "importtime", *one.arguments), environment))
    ratio = one.median / PROGRAMS[0].median
    goal = f", the goal is {one.goal}" if one.goal else ""
    print(f"{one.name}: {one.median:.2f} s of user CPU{goal}; {ratio:.1f} times `import asyncio`; ", end="")
    print(f"{len(imported)} modules imported")
    spent = Counter[str]()
    for microseconds, module in imported:
        spent[module.partition(".")[0]] += int(microseconds)
    heaviest = ", ".join(f"{name} {us // 1000} ms" for name, us in spent.most_common(HEAVIEST))
    print(f"    heaviest imports, on the wall: {heaviest}")


if __name__ == "__main__":
    sys.exit(main())
