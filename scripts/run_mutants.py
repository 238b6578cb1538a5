"""Run the domain's tests against mutmut's mutants of it: each in a fork of one process that has collected them all.

A mutant gets the tests that come past its statement, those first that killed its neighbours, and runs at full speed.
mutmut's own runner starts pytest for each mutant with all tests of the function, and wraps each function.

Usage: python scripts/run_mutants.py [--children N] [--survivors] [PATTERN ...]
"""

import argparse
import gc
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatch
from itertools import accumulate
from pathlib import Path
from types import FunctionType
from typing import Any

import coverage
import hypothesis
import pytest
from _pytest.outcomes import Skipped
from mutant_lines import changed_lines, file_lines, from_def
from mutmut import __main__ as mutmut
from mutmut.configuration import config
from mutmut.mutation import trampoline
from mutmut.mutation.data import SourceFileMutationData
from mutmut.workers.isolation import run_in_fork_with_result

COPY = Path("mutants")
SURVIVED, KILLED, BROKEN, NO_TEST, TIMED_OUT = 0, 1, 3, 33, 36
"""What mutmut keeps of a mutant."""

_WITHOUT = "asyncio cacheprovider logging timeout unraisableexception threadexception schemathesis"
_MEMORY = 1 << 30
"""Bytes that a mutant may take beyond what it begins with."""

_switches: list[tuple[FunctionType, dict[str, Any]]] = []


def main() -> None:
    """Make the mutants, and run what the arguments name and has no verdict yet, in their order."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--children", type=int, default=1)
    parser.add_argument("--most", type=float, default=float("inf"), help="CPU seconds of tests for each mutant")
    parser.add_argument("--tests", action="append", help="only these, which suits --survivors after new tests")
    parser.add_argument("--survivors", action="store_true", help="also those that lived")
    parser.add_argument("patterns", nargs="*", default=["*"])
    chosen = parser.parse_args()
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.setup_source_paths()
    mutmut.create_mutants(chosen.children)
    trampoline.wrap_in_trampoline = _left_alone
    sys.path[:0] = [str((COPY / "src").absolute()), str(COPY.absolute())]
    lean = [word for name in _WITHOUT.split() for word in ("-p", f"no:{name}")]
    arguments = [
        *lean,
        "-c",
        os.devnull,
        "--rootdir=.",
        "--noconftest",
        "--import-mode=importlib",
        "-qs",
        "-m",
        "not full",
    ]
    tests = chosen.tests or config().pytest_add_cli_args_test_selection
    run = Run(chosen.children, chosen.patterns, chosen.most, again=chosen.survivors)
    os.chdir(COPY)
    pytest.main([*arguments, "-W", "ignore", *tests], plugins=[run])


def _left_alone(mutants: dict[str, Any], **_: bool) -> Any:
    """Take the place of mutmut's decorator: remember where a function's mutants will be."""

    def unchanged(function: FunctionType) -> FunctionType:
        _switches.append((function, mutants))
        return function

    return unchanged


class Run:
    """A pytest plugin that runs the collected tests once by themselves, and then for each mutant until one fails."""

    def __init__(self, children: int, patterns: Sequence[str], most: float, *, again: bool) -> None:
        self.children, self.patterns, self.most, self.again = children, patterns, most, again
        self.files = {path: SourceFileMutationData(path=path) for path in mutmut.walk_mutatable_files()}
        for file in self.files.values():
            file.load()
        self.file_of = {name: file for file in self.files.values() for name in file.exit_code_by_key}
        self.killers: dict[str, list[int]] = defaultdict(list)
        self.running: dict[int, tuple[str, int]] = {}
        self.at, self.told, self.done = 0, -1, 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Let properties look at little, at the same each time, and not for the smallest example."""
        hypothesis.settings.register_profile(
            "mutants",
            max_examples=10,
            stateful_step_count=15,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """End a mutant's process with the first test that fails."""
        if self.told >= 0 and call.excinfo and not isinstance(call.excinfo.value, Skipped):
            os.write(self.told, self.at.to_bytes(4, "big"))
            os._exit(KILLED)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's own loop."""
        if session.testsfailed:
            raise session.Failed("The tests can't be collected.")
        self.items = session.items
        self.passing, self.seconds = run_in_fork_with_result(self.trace)
        os.chdir("..")
        self.switches = {
            f"{function.__module__}.{name}": (function, getattr(mutant, "__func__", mutant))
            for function, mutants in _switches
            for name, mutant in mutants.items()
        }
        gc.freeze()  # so that no mutant copies what it has of its parent
        for name in self.pending():
            self.begin(name)
        while self.running:
            self.finish()
        self.save()
        return True

    def trace(self) -> tuple[dict[tuple[str, int], list[int]], list[float]]:
        """Return which tests come past which line of a file, and how many CPU seconds each test takes."""
        measured = coverage.Coverage(data_file=None, config_file=False, include=["*/billflow/domain/*"])
        measured.start()
        seconds = [self.timed(measured, number) for number in range(len(self.items))]
        measured.stop()
        if failed := self.items[0].session.testsfailed:
            raise RuntimeError(f"{failed} tests fail without a mutant.")
        print(f"{len(self.items)} tests take {sum(seconds):.1f} CPU seconds while they are traced.", flush=True)
        data = measured.get_data()
        found = {name: data.contexts_by_lineno(name) for name in data.measured_files()}
        return {
            (name, line): [int(test) for test in tests if test]
            for name, lines in found.items()
            for line, tests in lines.items()
        }, seconds

    def timed(self, measured: coverage.Coverage, number: int) -> float:
        """Run a test under its number."""
        measured.switch_context(str(number))
        began = time.process_time()
        self.run(number, None)
        return time.process_time() - began

    def run(self, number: int, following: int | None) -> None:
        """Run a test as pytest does."""
        self.at = number
        item, after = self.items[number], None if following is None else self.items[following]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)

    def pending(self) -> list[str]:
        """Return the mutants to run, in the order of the patterns."""
        wanted = {None, SURVIVED, NO_TEST} if self.again else {None}
        left = [name for name, file in self.file_of.items() if file.exit_code_by_key[name] in wanted]
        return [name for pattern in self.patterns for name in left if pattern == self.first_pattern(name)]

    def first_pattern(self, name: str) -> str | None:
        """Return the first pattern that names a mutant."""
        return next((pattern for pattern in self.patterns if fnmatch(name, pattern)), None)

    def begin(self, name: str) -> None:
        """Start a mutant's process, or say that no test comes past it."""
        tests = self.tests_of(name)
        if not tests:
            self.record(name, NO_TEST)
            return
        while len(self.running) >= self.children:
            self.finish()
        reads, writes = os.pipe()
        pid = os.fork()
        if not pid:
            self.told = writes
            self.attempt(name, tests)
        os.close(writes)
        self.running[pid] = name, reads

    def tests_of(self, name: str) -> list[int]:
        """Return the tests that come past a mutant: those that killed its neighbours, then the quickest."""
        if name not in self.switches:
            return []
        code = self.switches[name][0].__code__
        file = file_lines(Path(code.co_filename))
        begins = len(file) - len(from_def(file[code.co_firstlineno - 1 :])) + 1
        changed = changed_lines(self.file_of[name].path, name.rpartition(".")[2])
        found = {test for line in changed for test in self.passing.get((code.co_filename, begins + line), ())}
        first = dict.fromkeys(test for test in reversed(self.killers[_function(name)]) if test in found)
        tests = [*first, *sorted(found - first.keys(), key=lambda test: self.seconds[test])]
        spent = accumulate(self.seconds[test] for test in tests)
        return [test for test, so_far in zip(tests, spent, strict=True) if so_far <= self.most or test == tests[0]]

    def attempt(self, name: str, tests: list[int]) -> None:
        """Be the mutant, and end with 0 when no test has failed."""
        try:
            _become(*self.switches[name])
            _restrain()
            os.chdir(COPY)
            for number, following in zip(tests, [*tests[1:], None], strict=True):
                signal.setitimer(signal.ITIMER_PROF, 1 + 5 * self.seconds[number])
                self.run(number, following)
        except BaseException:  # noqa: BLE001  (what pytest does not catch ends the process all the same)
            os._exit(BROKEN)
        os._exit(SURVIVED)

    def finish(self) -> None:
        """Wait for a mutant, and remember which test killed it."""
        pid, status = os.wait()
        name, reads = self.running.pop(pid)
        if killer := os.read(reads, 4):
            self.killers[_function(name)].append(int.from_bytes(killer, "big"))
        os.close(reads)
        code = os.waitstatus_to_exitcode(status)
        self.record(name, TIMED_OUT if code == -signal.SIGPROF else code)

    def record(self, name: str, code: int) -> None:
        """Keep a verdict where mutmut looks for it."""
        self.file_of[name].exit_code_by_key[name] = code
        self.done += 1
        if self.done % 100 == 0:
            self.save()
            used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
            print(f"{self.done} mutants, {used:.0f} CPU seconds, {name}", flush=True)

    def save(self) -> None:
        """Write all verdicts."""
        for file in self.files.values():
            file.save()


def _become(function: FunctionType, mutant: FunctionType) -> None:
    """Let a function do what its mutant does, for whoever has imported it."""
    function.__code__, function.__defaults__ = mutant.__code__, mutant.__defaults__
    function.__kwdefaults__ = mutant.__kwdefaults__


def _restrain() -> None:
    """Let a mutant's process neither fill the memory nor print."""
    room = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


def _function(name: str) -> str:
    return name.rpartition("__mutmut_")[0]


if __name__ == "__main__":
    main()
