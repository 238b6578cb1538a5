"""A pytest plugin of `scripts/run_tests.py`: a line of progress instead of dots, and a file of counts at the end."""

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

EVERY = 10.0
"""Seconds between two lines where there is no terminal on which one line could change."""

REDRAW = 0.2
CLEAR = "\r\x1b[K"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of the file."""
    parser.addoption("--counts", type=Path, help="the file to write the counts to")


def pytest_configure(config: pytest.Config) -> None:
    """Show progress."""
    config.pluginmanager.register(Progress(config), "progress")


class Progress:
    """Counts what ended, and says so from time to time."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._counts: Counter[str] = Counter()
        self._total = 0
        self._begun = self._shown = time.monotonic()
        self._is_over = False
        self._on_terminal = sys.stdout.isatty()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.CollectReport | pytest.TestReport) -> tuple[str, str, str] | None:
        """Print no letter for what passed or failed while tests run."""
        if self._is_over or report.skipped:
            return None
        if report.passed:
            return "passed" if report.when == "call" else "", "", ""
        return "failed" if report.when == "call" else "error", "", ""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Know how many there will be."""
        self._total = len(session.items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once: when it failed anywhere, was skipped, or got through its call."""
        if report.failed:
            self._counts["failed"] += 1
            self._print(f"FAILED {report.nodeid}")
        elif report.skipped:
            self._counts["skipped"] += 1
        elif report.when == "call":
            self._counts["passed"] += 1
        self._show(report.nodeid.partition("::")[0])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a module that can't be read as a test that failed."""
        self._counts["failed"] += report.failed

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Leave the line, and write the counts down."""
        self._is_over = True
        self._print("", end="")
        counts: Path | None = self._config.getoption("counts")
        if counts:
            counts.write_text(json.dumps(self._counts))

    def _show(self, where: str) -> None:
        now = time.monotonic()
        if now - self._shown < (REDRAW if self._on_terminal else EVERY):
            return
        self._shown = now
        failed = f", {self._counts['failed']} failed" if self._counts["failed"] else ""
        line = f"{sum(self._counts.values())} of {self._total} tests{failed}, {now - self._begun:.0f} s, {where}"
        if self._on_terminal:
            self._print(line[: os.get_terminal_size().columns - 1], end="")
        else:
            self._print(line)

    def _print(self, line: str, end: str = "\n") -> None:
        """Print a line in place of the one that changes."""
        sys.stdout.write(f"{CLEAR if self._on_terminal else ''}{line}{end}")
        sys.stdout.flush()
