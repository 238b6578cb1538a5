"""Typing commands at the demo's servers, each in a process of its own, as somebody who moves in would."""

import asyncio
import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from billflow.demo.migration.report import MigrationReport
from billflow.errors import CommandFailed

_OURS = ("BILLFLOW_", "DATABASE_", "STRIPE_", "TEMPORAL_")


@dataclass(frozen=True)
class Typist:
    """Types commands in a folder, in which nothing points elsewhere, and reports what they print."""

    folder: Path
    variables: Mapping[str, str]
    report: MigrationReport

    async def type(self, *words: str, code: int = 0) -> str:
        """Type a command, and report it with its answer; raises `CommandFailed` where it ends with another code."""
        self.report.fact(f"$ billflow {shlex.join(words)}", "bold")
        printed = await self._run(words, code)
        for line in printed.splitlines():
            if line.strip():
                self.report.fact(f"  {line.rstrip()}", "dim")
        return printed

    async def ask(self, *words: str, code: int = 0) -> Any:
        """Return what a command answers to scripts, and report nothing."""
        return json.loads(await self._run((*words, "--json"), code))

    async def _run(self, words: tuple[str, ...], code: int) -> str:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "billflow.cli", *words),
            cwd=self.folder,
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, complaint = await process.communicate()
        if process.returncode != code:
            said = (complaint or out).decode().strip()
            raise CommandFailed(
                f"`billflow {shlex.join(words)}` ended with {process.returncode} ({said}); report it with this line.",
                code="demo_broke_off",
            )
        return out.decode()

    def _environment(self) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        # Neither a profile nor a `billflow dev` of this user is meant.
        own = {"XDG_STATE_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder), "NO_COLOR": "1"}
        return {**plain, **own, **self.variables}
