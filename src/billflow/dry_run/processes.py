"""Processes that do jobs, of this version of billflow or of another one."""

import asyncio
import json
import os
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import billflow
from billflow.dry_run.jobs import JOB, Job
from billflow.errors import CommandFailed

HERE = Path(billflow.__file__).parents[1]
"""Where this version is imported from."""


class DryRunFailed(CommandFailed):
    """A process of a dry run ended before its work was done.

    The message repeats its last words; typed again with the same `--folder`, the command goes on where it was.
    """

    code = "dry_run_failed"


class VersionWithoutDryRun(CommandFailed):
    """The version of billflow that is to be compared with can't bill from recorded facts.

    Name a wheel of the first version that has `billflow dry-run`, or of a later one.
    """

    code = "version_without_dry_run"


@dataclass(frozen=True)
class BillingProcess:
    """A process that waits for jobs; `version` is what it bills by."""

    version: str
    process: Process
    complaints: IO[bytes]

    async def perform(self, job: Job) -> None:
        """Let it do a job; raises `DryRunFailed` where it ends instead."""
        await self.send(JOB.dump_json(job))
        if not await line_of(self.process):
            raise DryRunFailed(
                f"The process that bills by version {self.version} ended at {job.facts.name} "
                f"({await _last_words(self.process, self.complaints)}); typed again with the same --folder, the "
                "command goes on there."
            )

    async def send(self, line: bytes) -> None:
        """Write a line to it; one that has ended is noticed by who waits for its answer."""
        if self.process.stdin is None:
            return
        try:
            self.process.stdin.write(line + b"\n")
            await self.process.stdin.drain()
        except ConnectionError:
            return


@asynccontextmanager
async def billing_process(path: Path = HERE) -> AsyncIterator[BillingProcess]:
    """Start a process of the version of billflow that is in *path*, and end it with the block.

    Raises `VersionWithoutDryRun` where that has none.
    """
    searched = os.pathsep.join(filter(None, (str(path), os.environ.get("PYTHONPATH", ""))))
    with tempfile.TemporaryFile() as complaints:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "billflow.dry_run"),
            stdin=PIPE,
            stdout=PIPE,
            stderr=complaints,
            env={**os.environ, "PYTHONPATH": searched},
        )
        try:
            yield BillingProcess(await _version(process, complaints), process, complaints)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def line_of(process: Process) -> bytes:
    """Return the next line that a process prints, nothing at its end."""
    return await process.stdout.readline() if process.stdout else b""


async def _version(process: Process, complaints: IO[bytes]) -> str:
    line = await line_of(process)
    if not line:
        raise VersionWithoutDryRun(
            f"That version of billflow can't bill from recorded facts: {await _last_words(process, complaints)}."
        )
    return str(json.loads(line)["version"])


async def _last_words(process: Process, complaints: IO[bytes]) -> str:
    code = await process.wait()
    complaints.seek(0)
    lines = complaints.read().decode(errors="replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else f"it ended with {code}"
