"""`billflow worker` as real processes, each of a version of its own: this source, or a copy of it with a change."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from billflow.temporal.workflow_control import NoTemporalServer
from tests.chaos.workers import _environment
from tests.environment import Environment
from tests.source import ROOT

SOURCE = ROOT / "src"
PLAN = Path("billflow", "workflows", "plan.py")

A_QUERY = '''
    @workflow.query
    def is_changed(self) -> bool:
        """Tell that this is another version."""
        return True

    # When there is something to do.
'''
HARMLESS = ("\n    # When there is something to do.\n", A_QUERY)
"""Commands what it always did, and answers one more query."""

BROKEN = (
    "        self._sender.send(run.to_send)\n        self._show()\n",
    '        raise KeyError("a fault of this version")\n',
)
"""Fails every task."""

BUSY = "The Temporal server does not answer; try again in a moment."

PHASE = 600.0
"""Seconds that one thing may take which the test does to all plans at once, before the test says what hangs."""


def changed_source(folder: Path, change: tuple[str, str]) -> Path:
    """Copy our source and change the plan's workflow in it."""
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text, (old, new) = (folder / PLAN).read_text(), change
    assert text.count(old) == 1, f"{PLAN} has not exactly once: {old!r}"
    (folder / PLAN).write_text(text.replace(old, new))
    return folder


@dataclass(frozen=True)
class Versions:
    """Runs commands and workers of versions against the servers of an environment, and says of a hang what it was."""

    env: Environment
    folder: Path

    def log(self, build_id: str) -> Path:
        """Return where the worker of a version writes to."""
        return self.folder / f"{build_id}.log"

    @asynccontextmanager
    async def worker(self, build_id: str, source: Path = SOURCE) -> AsyncIterator[None]:
        """Run `billflow worker` of a version, from when the server knows it; kill it in the end."""
        with self.log(build_id).open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *self._command("worker"), env=self._variables(build_id, source), cwd=self.folder, stdout=log, stderr=log
            )
        try:
            await self.phase(f"the server comes to know version {build_id}", self._known(build_id, process))
            yield
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def run(self, words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ours, such as `deploy status --json`, again where the server is too busy, as it says then.

        Return its last end, with all that it wrote to standard error.
        """
        complained, until = "", asyncio.get_running_loop().time() + PHASE
        while True:
            ended = await self._run(words)
            complained += ended.stderr
            if ended.returncode == 0 or BUSY not in ended.stderr:
                return subprocess.CompletedProcess(words, ended.returncode, ended.stdout, complained)
            assert asyncio.get_running_loop().time() < until, f"{words}: {complained}"

    async def _run(self, words: str) -> subprocess.CompletedProcess[str]:
        variables = self._variables("one", SOURCE)
        process = await asyncio.create_subprocess_exec(
            *self._command(*words.split()),
            env=variables,
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        return subprocess.CompletedProcess(words, await process.wait(), out.decode(), err.decode())

    async def phase(self, what: str, *acts: Awaitable[object]) -> None:
        """Do things at once; fail with *what* hung, and what the workers said, where it takes too long."""
        with self._explained(what):
            async with asyncio.timeout(PHASE):
                await asyncio.gather(*acts)

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            logs = {path.stem: path.read_text(errors="replace")[-1500:] for path in sorted(self.folder.glob("*.log"))}
            said = "\n".join(f"--- worker of version {name}\n{text}" for name, text in logs.items())
            raise AssertionError(f"after {PHASE:g} seconds still under way: {what}\n{said}") from None

    async def _known(self, build_id: str, process: asyncio.subprocess.Process) -> None:
        while True:
            assert process.returncode is None, self.log(build_id).read_text(errors="replace")
            with suppress(NoTemporalServer):  # it is busy, and asked again
                found = (await self.env.engine.versions.report()).of(build_id)
                if found and found.workers:
                    return
            await asyncio.sleep(0.25)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "billflow.cli", *words]

    def _variables(self, build_id: str, source: Path) -> dict[str, str]:
        return _environment(self.env) | {
            "BILLFLOW_BUILD_ID": build_id,
            "BILLFLOW_LOG_LEVEL": "warning",
            "PYTHONPATH": str(source),
        }
