"""Several processes behind one address: each takes a connection when it is free to, and one that dies is replaced."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress

import structlog

from billflow.api.metrics import SHARED
from billflow.api.server import GRACE, CannotListen, address_of, listen

PATIENCE = 120.0
"""Seconds that a process has until it serves."""

PAUSE = 1.0
"""Seconds before a process that died is replaced."""

READY = "ready"
"""What a process says once it serves."""

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def serving_in(processes: int, host: str, port: int, numbers: str) -> AsyncIterator[str]:
    """Serve the API by that many processes, which count in the folder *numbers*, and yield its address.

    Port 0 is any free one.

    Each is a `billflow api --socket N` of its own, and ends when its standard input does, so none outlives us.
    Raises `CannotListen`, also where a process does not come up: it has said why on standard error.
    """
    with closing(listen(host, port)) as listener:
        environment = {**os.environ, SHARED: numbers}
        async with AsyncExitStack() as running:
            kept = [ManagedProcess(listener.fileno(), environment) for _ in range(processes)]
            for one in kept:
                running.push_async_callback(one.stop)
            await asyncio.gather(*(one.start() for one in kept))
            yield address_of(listener, host)


class ManagedProcess:
    """One process that serves the socket *descriptor*, started again whenever it dies."""

    def __init__(self, descriptor: int, environment: Mapping[str, str]) -> None:
        self._descriptor, self._environment = descriptor, environment
        self._process: Process | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it and wait until it serves; raises `CannotListen`."""
        self._process = await self._started()
        self._keeping = asyncio.create_task(self._keep(self._process))

    async def stop(self) -> None:
        """Let it finish what it does, and end it."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._process is not None:
            await _end(self._process)

    async def _keep(self, process: Process) -> None:
        while True:
            _log.error("a process of the API died; another takes its place", code=await process.wait())
            await asyncio.sleep(PAUSE)
            with suppress(CannotListen):
                self._process = process = await self._started()

    async def _started(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "billflow.cli", "api", "--socket", str(self._descriptor)),
            env=self._environment,
            stdin=PIPE,
            stdout=PIPE,
            pass_fds=[self._descriptor],
        )
        try:
            async with asyncio.timeout(PATIENCE):
                if await _first_line(process) == READY:
                    return process
        except BaseException:
            await _end(process)
            raise
        await _end(process)
        raise CannotListen("A process of the API did not start; what it said on standard error says why.")


async def _first_line(process: Process) -> str:
    return (await process.stdout.readline()).decode().strip() if process.stdout else ""


async def _end(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(2 * GRACE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def end_of_input() -> None:
    """Wait until whoever started this process is gone, or wants it to end."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
