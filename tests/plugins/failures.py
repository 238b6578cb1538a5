"""A pytest plugin: a failure in under sixty lines, with the servers' logs and the command that runs the test alone.

With `-v` nothing is left out.
"""

import asyncio
import os
import re
import shlex
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from types import CoroutineType

import pytest
from _pytest._code.code import ExceptionChainRepr, ReprEntry, ReprEntryNative, ReprFileLocation, ReprTraceback

from tests.sizes import SIZE, VARIABLE, Size

MOST_ENTRIES = 6
"""Places of our own code that a traceback names, the last ones and the test's."""

MOST_LINES = {"message": 14, "causes": 3, "places": 4, "logs": 9, "captured": 8}
LONGEST_LINE = 200

_FOREIGN = ("site-packages", "<frozen", f"{os.sep}lib{os.sep}python")
_STACKS = re.compile(r"\++ Timeout \++\n.*\n\++ Timeout \++\n?", re.DOTALL)
"""What pytest-timeout writes about threads, which are the libraries' own."""

_BEGUN = pytest.StashKey[float]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember when the test began: logs written since then belong to it."""
    item.stash[_BEGUN] = time.time()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shorten the report of a failure, and add what one needs to look into it."""
    report = yield
    if report.failed and call.excinfo:
        if item.config.get_verbosity() <= 0:
            report.sections = list(_captured(report.sections))
            report.longrepr = _shortened(call.excinfo)
        more = {"Waited for": waited_for(call.excinfo), "Logs of servers": _logs(item), "To run it alone": alone(item)}
        report.sections += [(name, text) for name, text in more.items() if text]
    return report


def alone(item: pytest.Item) -> str:
    """Return the command that runs one test again; a test tells of its seed by `record_property("VARIABLE", seed)`."""
    size = [(VARIABLE, SIZE)] if SIZE is not Size.SMALL else []
    chosen = [f"{name}={value}" for name, value in [*size, *item.user_properties] if name.isupper()]
    command = ["env", *chosen] if chosen else []
    return shlex.join([*command, _python(), "-m", "pytest", "-v", item.nodeid])


def clipped(lines: Sequence[str], most: int) -> list[str]:
    """Return the beginning and the end of *lines*, none of them longer than a screen is wide."""
    cut = [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} ..." for line in lines]
    if len(cut) <= most:
        return cut
    head = most // 3
    return [*cut[:head], f"... {len(cut) - most + 1} lines are left out ...", *cut[head + 1 - most :]]


def waited_for(error: pytest.ExceptionInfo[BaseException]) -> str:
    """Return where the asynchronous test stood that ran out of time, from its own line inwards."""
    values = [value for entry in error.traceback for value in entry.frame.f_locals.values()]
    tasks = {value for value in values if isinstance(value, asyncio.Task) and not value.done()}
    lines = [line for task in tasks for line in _places(task.get_coro())]
    return "\n".join(clipped(lines, MOST_LINES["places"]))


def _places(coroutine: object) -> Iterator[str]:
    while isinstance(coroutine, CoroutineType):
        if coroutine.cr_frame and _is_our_file(coroutine.cr_code.co_filename):
            yield f"{coroutine.cr_code.co_filename}:{coroutine.cr_frame.f_lineno} in {coroutine.cr_code.co_qualname}"
        coroutine = coroutine.cr_await


def _captured(sections: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Keep the end of what the test wrote; the sections share the room that there is."""
    room = max(MOST_LINES["captured"] // max(len(sections), 1), 2)
    for name, content in sections:
        lines = _STACKS.sub("", content).splitlines()
        if lines:
            yield name, "\n".join(clipped(lines, room))


def _shortened(error: pytest.ExceptionInfo[BaseException]) -> ExceptionChainRepr:
    """Return the last exception of a chain, of it the places in our own code, and a line for each that led to it."""
    told = _first_of_group(error).getrepr(style="short")
    if not isinstance(told, ExceptionChainRepr):
        raise TypeError(f"pytest tells of {type(told)}")
    traceback, crash, _ = told.chain[-1]
    entries = [entry for entry in traceback.reprentries if _is_ours(entry)] or [*traceback.reprentries[-1:]]
    message = [line for line in traceback.reprentries[-1].lines if line.startswith("E ")]
    if len(entries) > MOST_ENTRIES:
        entries = [entries[0], *entries[1 - MOST_ENTRIES :]]
    for entry in entries:
        entry.lines = [line for line in entry.lines if not line.startswith("E ")][-2:]
    entries[-1].lines = [*entries[-1].lines, *clipped(message, MOST_LINES["message"])]
    short = ExceptionChainRepr([(ReprTraceback(entries, None, traceback.style), crash, None)])
    if causes := [_line(crash) for _, crash, _ in told.chain[:-1] if crash]:
        short.addsection("It followed from", "\n".join(clipped(causes, MOST_LINES["causes"])))
    return short


def _first_of_group(error: pytest.ExceptionInfo[BaseException]) -> pytest.ExceptionInfo[BaseException]:
    value = error.value
    while isinstance(value, BaseExceptionGroup):
        value = value.exceptions[0]
    return error if value is error.value else pytest.ExceptionInfo.from_exception(value)


def _line(crash: ReprFileLocation) -> str:
    return f"{crash.path}:{crash.lineno}: {crash.message.partition(chr(10))[0]}"


def _is_ours(entry: ReprEntry | ReprEntryNative) -> bool:
    return isinstance(entry, ReprEntry) and entry.reprfileloc is not None and _is_our_file(entry.reprfileloc.path)


def _is_our_file(path: str) -> bool:
    return not any(part in path for part in _FOREIGN)


def _logs(item: pytest.Item) -> str:
    """Return the end of each log below pytest's temporary folder that was written to since the test began."""
    factory: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]
    begun = item.stash.get(_BEGUN, 0.0)
    found = [path for path in _log_files(factory.getbasetemp()) if path.stat().st_mtime >= begun]
    if not found:
        return ""
    each = max(MOST_LINES["logs"] // len(found) - 1, 1)
    lines = [line for path in found for line in [f"{path}:", *_end_of(path, each)]]
    return "\n".join(lines[: MOST_LINES["logs"]])


def _log_files(folder: Path) -> Iterator[Path]:
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "postgres"]
        yield from (Path(path, name) for name in files if name.endswith(".log"))


def _end_of(path: Path, most: int) -> list[str]:
    lines = path.read_text(errors="replace").splitlines()[-most:]
    return [f"  {line[:LONGEST_LINE]}" for line in lines]


def _python() -> str:
    """Return the interpreter as one would type it here."""
    python, here = Path(sys.executable), Path.cwd()
    return str(python.relative_to(here)) if python.is_relative_to(here) else str(python)
