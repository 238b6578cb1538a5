"""A pytest plugin of `scripts/run_tests.py`: processes share the folders, forked from the one that collected tests."""

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby, pairwise
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess

import pytest

from tests.plugins.folders import folder_of

_FORK = multiprocessing.get_context("fork")
_STDOUT = 1
_LOOK = 1.0
_SILENT = 1.5
"""How many times its timeout a test may be without a report: what a timeout raises in a hanging test can get lost."""


@dataclass
class _Process:
    """A process, the tests it has not ended, and when it reported last."""

    process: ForkProcess
    tests: deque[int] = field(default_factory=deque)
    reported: float = field(default_factory=time.monotonic)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the number of processes."""
    parser.addoption("--processes", type=int, default=1, help="how many processes share the folders of tests")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the tests in several processes, or leave them to pytest."""
    count = session.config.getoption("processes")
    if count == 1 or session.testsfailed or session.config.option.collectonly:
        return None
    Processes(session).run(count)
    return True


class Processes:
    """Hands out folders to processes, and reports what they report.

    A test during which its process ends has failed; another process takes what was left of the folder. A process that
    reports nothing for too long is ended by a signal, on which it prints where its threads are.
    """

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        folders = groupby(range(len(session.items)), lambda index: folder_of(session.items[index].nodeid))
        self._waiting = deque(list(indices) for _, indices in folders)
        self._running: dict[Connection, _Process] = {}
        self._started = 0
        _temporary(session.config).getbasetemp()  # each process would make it anew

    def run(self, count: int) -> None:
        """Run all tests."""
        try:
            for _ in range(count):
                self._start()
            while self._running:
                for ready in wait([*self._running], _LOOK):
                    self._receive(ready)  # type: ignore[arg-type]  # only connections are waited for
                self._end_silent()
            if self._waiting:
                pytest.exit(f"All processes ended; {len(self._waiting)} folders of tests did not run.", returncode=1)
        finally:
            for one in self._running.values():
                os.kill(one.process.pid or 0, signal.SIGINT)
                one.process.join()

    def _start(self) -> None:
        ours, theirs = _FORK.Pipe()
        process = _FORK.Process(target=self._work, args=(theirs,))
        self._started += 1
        process.start()
        theirs.close()
        self._running[ours] = _Process(process)

    def _receive(self, connection: Connection) -> None:
        process = self._running[connection]
        process.reported = time.monotonic()
        try:
            data = connection.recv()
        except EOFError:
            self._end(connection)
            return
        if data is None:
            folder = self._waiting.popleft() if self._waiting else []
            process.tests.extend(folder)
            connection.send(folder)
            return
        hook = self._session.config.hook
        report = hook.pytest_report_from_serializable(config=self._session.config, data=data)
        if report.when == "teardown":
            process.tests.popleft()
        hook.pytest_runtest_logreport(report=report)
        if self._session.shouldfail:
            raise self._session.Failed(self._session.shouldfail)

    def _end_silent(self) -> None:
        for one in self._running.values():
            timeout = self._timeout(one.tests[0] if one.tests else None)
            if timeout and time.monotonic() - one.reported > _SILENT * timeout:
                os.kill(one.process.pid or 0, signal.SIGABRT)

    def _timeout(self, test: int | None) -> float:
        """Return the seconds that a test, or the end of a process, may take."""
        marker = None if test is None else self._session.items[test].get_closest_marker("timeout")
        config = self._session.config
        return float(marker.args[0] if marker else config.getoption("timeout") or config.getini("timeout") or 0)

    def _end(self, connection: Connection) -> None:
        one = self._running.pop(connection)
        one.process.join()
        if one.tests:
            item = self._session.items[one.tests.popleft()]
            self._fail(item.nodeid, item.location, f"The process of this test ended with {one.process.exitcode}")
            if one.tests:
                self._waiting.appendleft([*one.tests])
            self._start()
        elif one.process.exitcode:
            name = one.process.name
            self._fail(f"the end of {name}", (name, None, name), f"It ended with {one.process.exitcode}")

    def _fail(self, nodeid: str, location: tuple[str, int | None, str], why: str) -> None:
        report = pytest.TestReport(nodeid, location, {}, "failed", why, "call")
        self._session.config.hook.pytest_runtest_logreport(report=report)

    def _work(self, connection: Connection) -> None:
        """Be one of the processes: run what is handed out, each test in view of the one after it."""
        for other in self._running:
            other.close()
        session = self._session
        _separate(session.config, self._started)
        session.config.pluginmanager.register(_Reports(session.config, connection))
        try:
            items = (session.items[index] for index in _handed_out(connection))
            for item, next_item in pairwise(chain(items, [None])):
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        finally:
            session._setupstate.teardown_exact(None)


class _Reports:
    """Sends what becomes of the tests to the first process."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self._config, self._connection = config, connection

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._connection.send(data)


def _handed_out(connection: Connection) -> Iterator[int]:
    while True:
        connection.send(None)
        if not (folder := connection.recv()):
            return
        yield from folder


def _separate(config: pytest.Config, number: int) -> None:
    """Give a process a temporary folder and captured output of its own, and leave the printing to the first one."""
    factory = _temporary(config)
    factory._basetemp = factory.mktemp(f"process-{number}", numbered=False)
    capture = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)  # threads write between tests too, when nothing is captured
    capture.start_global_capturing()
    config.pluginmanager.unregister(name="progress")


def _temporary(config: pytest.Config) -> pytest.TempPathFactory:
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]
    return factory
