"""Several processes of one command: they end together, and one that dies is replaced.

Those of the API take connections from one socket, each when it is free to; those of a worker poll by themselves.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from types import MappingProxyType

import structlog

from billflow.api.server import GRACE, CannotListen, address_of, listen
from billflow.telemetry.process_metrics import SHARED

PATIENCE = 120.0
"""Seconds that a process has until it serves."""

PAUSE = 1.0
"""Seconds before a process that died is replaced."""

READY = "ready"
"""What a process says once it serves, or takes work; after that, in the same line, what is to be known of it."""

API = ("api", "--socket")
"""The command that serves a socket of another process."""

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def serving_in(processes: int, host: str, port: int, numbers: str) -> AsyncIterator[str]:
    """Serve the API by that many processes, which count in the folder *numbers*, and yield its address.

    Port 0 is any free one.

    Each is a `billflow api --socket N` of its own, and ends when its standard input does, so none outlives us.
    Raises `CannotListen`, also where a process does not come up: it has said why on standard error.
    """
    with closing(listen(host, port)) as listener:
        socket = listener.fileno()
        async with several(processes, (*API, str(socket)), numbers, grace=2 * GRACE, sockets=[socket]):
            yield address_of(listener, host)


@asynccontextmanager
async def several(  # noqa: PLR0913  (each is one fact about the processes)
    count: int,
    command: Sequence[str],
    numbers: str,
    *,
    grace: float,
    sockets: Sequence[int] = (),
    variables: Mapping[str, str] = MappingProxyType({}),
) -> "AsyncIterator[list[ManagedProcess]]":
    """Run a command of ours in that many processes, which count in the folder *numbers* and inherit *sockets*.

    *variables* are what they have beside our own. At the end all of them get *grace* seconds at once. Raises
    `CannotListen` where one does not come up.
    """
    environment = {**os.environ, **variables, SHARED: numbers}
    kept = [ManagedProcess(command, environment, sockets, grace) for _ in range(count)]
    try:
        await asyncio.gather(*(one.start() for one in kept))
        yield kept
    finally:
        await asyncio.gather(*(one.stop() for one in kept))


class ManagedProcess:
    """One process of a command, started again whenever it dies; it ends when its standard input does.

    `said` is what it said of itself once it was ready, None while it is not there.
    """

    said: str | None = None

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], sockets: Sequence[int], grace: float
    ) -> None:
        self._command, self._environment, self._sockets, self._grace = command, environment, sockets, grace
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
            await _end(self._process, self._grace)

    async def _keep(self, process: Process) -> None:
        while True:
            code = await process.wait()
            self.said = None
            _log.error("a process died; another takes its place", command=self._command[0], code=code)
            await asyncio.sleep(PAUSE)
            with suppress(CannotListen):
                self._process = process = await self._started()

    async def _started(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "billflow.cli", *self._command),
            env=self._environment,
            stdin=PIPE,
            stdout=PIPE,
            pass_fds=self._sockets,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                ready, _, said = (await _first_line(process)).partition(" ")
            if ready == READY:
                self.said = said
                return process
        except BaseException:
            await _end(process, self._grace)
            raise
        await _end(process, self._grace)
        raise CannotListen(
            f"A process of `billflow {self._command[0]}` did not start; what it said on standard error says why."
        )


async def _first_line(process: Process) -> str:
    return (await process.stdout.readline()).decode().strip() if process.stdout else ""


async def _end(process: Process, grace: float) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(grace):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def end_of_input() -> None:
    """Wait until whoever started this process is gone, or wants it to end."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
