"""One server process of the stack, kept by a guard so that it never outlives billflow."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from billflow.dev.errors import PartFailed
from billflow.dev.folder import ELSEWHERE, owners_only
from billflow.dev.user import User

_GUARD = Path(__file__).with_name("guard.py")
_GRACE_SECONDS = 10.0
_READY_SECONDS = 120.0
"""A server that ends is noticed at once, so this is for one that hangs, not for a slow machine."""
_NO_ROOM = 16 << 20
"""Fewer bytes are none to PostgreSQL, which writes its log of changes in files of this size."""


@dataclass(frozen=True)
class Child:
    """A running server: `name` for messages, `pid` of the server itself, `log` its output."""

    name: str
    pid: int
    log: Path
    _guard: "subprocess.Popen[bytes]"

    @property
    def is_running(self) -> bool:
        """Say whether the server has not ended."""
        return self._guard.poll() is None

    @property
    def lacks_room(self) -> bool:
        """Say whether the file system of its folder is full."""
        return shutil.disk_usage(self.log.parent).free < _NO_ROOM

    async def ready(self, probe: Callable[[], Awaitable[bool]], within: float = _READY_SECONDS) -> None:
        """Wait until the probe says yes; raise `PartFailed` when the server ends or takes too long."""
        deadline = asyncio.get_running_loop().time() + within
        while not await probe():
            if not self.is_running:
                raise PartFailed(f"{self.name} did not start: {self.last_words()}")
            if asyncio.get_running_loop().time() > deadline:
                raise PartFailed(f"{self.name} was not ready within {within:.0f} seconds: {self.last_words()}")
            await asyncio.sleep(0.02)

    async def finished(self) -> int:
        """Wait for the end of a command that ends by itself; return its exit code."""
        try:
            return await asyncio.to_thread(self._guard.wait)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Stop the server, by its own signal first and by SIGKILL when it does not listen."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        try:
            await asyncio.to_thread(self._guard.wait, _GRACE_SECONDS + 30)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            await asyncio.to_thread(self._guard.wait)

    def last_words(self) -> str:
        """Return the last line of the log, which usually says why, or that there is no more room for it."""
        if self.lacks_room:
            return f"no room is left in {self.log.parent}; make room there, or {ELSEWHERE}."
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it wrote nothing to {self.log}"


def start_child(  # noqa: PLR0913  (each is one fact about the process)
    name: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    lock: int,
    stop_signal: signal.Signals = signal.SIGTERM,
    user: User | None = None,
    cwd: Path | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Child:
    """Start a server under a guard; `lock` is the descriptor of the data folder's lock, `user` whom root becomes.

    The server starts in `cwd`, which it need not be able to reach by its path. `secrets` are variables for it, since
    everybody on the machine can read a command. Only its owner may read what it writes.
    """
    becoming = f"{user.uid}:{user.gid}" if user else ""
    arguments = [str(int(stop_signal)), str(_GRACE_SECONDS), str(lock), becoming, "--", *map(str, command)]
    with open(log, "ab", opener=owners_only) as output:
        guard = subprocess.Popen(  # noqa: S603  (the command is ours)
            [sys.executable, "-I", "-S", _GUARD, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=cwd,
            env={**os.environ, **(secrets or {})},
            start_new_session=True,
            pass_fds=[lock],
        )
    first_line = _first_line_of(guard)
    if not first_line:
        guard.wait()
        raise PartFailed(f"{name} did not start: {command[0]} cannot be run; see {log}")
    return Child(name=name, pid=int(first_line), log=log, _guard=guard)


def _first_line_of(guard: "subprocess.Popen[bytes]") -> bytes:
    if guard.stdout is None:
        return b""
    with guard.stdout as announcement:
        return announcement.readline()
