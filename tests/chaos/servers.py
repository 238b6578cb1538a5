"""Servers on folders of their own that end, in order or by SIGKILL, and start again on their data."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from billflow.dev.child import Child
from billflow.dev.errors import FolderInUse
from billflow.dev.folder import claimed
from billflow.dev.ports import free_port
from billflow.dev.postgres import embedded_postgres
from billflow.dev.temporal import embedded_temporal
from tests.api_environment import until


@dataclass(frozen=True)
class Running:
    """A server that runs: its URL or address, and its process."""

    address: str
    process: Child


Part = Callable[[Path, int], AbstractAsyncContextManager[Running]]
"""Runs a server on a folder, whose lock has this descriptor, at the same address each time."""


@dataclass
class RestartableServer:
    """A server of `part` that can be away for a while."""

    part: Part
    folder: Path
    _parts: AsyncExitStack = field(default_factory=AsyncExitStack)
    _running: Running | None = None

    async def start(self) -> str:
        """Start it when nothing of the last one is left, and return its address."""

        async def has_started() -> bool:
            try:
                lock = self._parts.enter_context(claimed(self.folder))
            except FolderInUse:
                return False
            self._running = await self._parts.enter_async_context(self.part(self.folder, lock))
            return True

        await until(has_started)
        return self._is_running().address

    async def end(self, *, killed: bool) -> None:
        """Stop it in order, or kill it with whatever it is doing."""
        if killed:
            with suppress(ProcessLookupError):
                os.kill(self._is_running().process.pid, signal.SIGKILL)
        await self._parts.aclose()

    @asynccontextmanager
    async def away(self, *, killed: bool) -> AsyncIterator[None]:
        """End it, and start it again after the block."""
        await self.end(killed=killed)
        try:
            yield
        finally:
            await self.start()

    def _is_running(self) -> Running:
        assert self._running is not None
        return self._running


@asynccontextmanager
async def restartable(part: Part, folder: Path, *, killed: bool) -> AsyncIterator[tuple[RestartableServer, str]]:
    """Run a server, and yield it with its address; in the end it is stopped in order, or *killed*."""
    server = RestartableServer(part, folder)
    address = await server.start()
    try:
        yield server, address
    finally:
        await server.end(killed=killed)


@asynccontextmanager
async def _postgres(folder: Path, lock: int) -> AsyncIterator[Running]:
    async with embedded_postgres(folder, lock, durable=False) as (url, process):
        yield Running(url, process)


def postgres_in(folder: Path) -> AbstractAsyncContextManager[tuple[RestartableServer, str]]:
    """Run PostgreSQL, and yield it with its URL."""
    return restartable(_postgres, folder, killed=False)


def temporal_in(folder: Path) -> AbstractAsyncContextManager[tuple[RestartableServer, str]]:
    """Run Temporal's dev server on its SQLite file, and yield it with its address."""
    port = free_port()

    @asynccontextmanager
    async def part(folder: Path, lock: int) -> AsyncIterator[Running]:
        async with embedded_temporal(folder, lock, port=port, ui_port=None) as server:
            assert server.process is not None
            yield Running(server.address, server.process)

    return restartable(part, folder, killed=True)
