"""Several processes of a worker, and what they say of themselves for the one that answers operators for all of them."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass

import httpx
import structlog

from billflow.api.processes import READY, ManagedProcess, several
from billflow.temporal.sdk_metrics import exposition_at, of_processes
from billflow.temporal.worker import GRACE

_WORKER = ("worker", "--supervised")
_COUNTING = ("--ops-port", "0")
"""With this a supervised worker counts for operators, whom another process answers."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class WorkerProcess:
    """By what identity one of them asks Temporal for work, and where the SDK's numbers of it are, if it counts."""

    identity: str
    numbers_at: str | None

    def ready(self) -> str:
        """Return the line by which it says that it takes work."""
        return f"{READY} {json.dumps(asdict(self))}"


@dataclass(frozen=True)
class WorkerProcesses:
    """All of them, by the processes as which they are kept."""

    kept: Sequence[ManagedProcess]

    def pollers(self) -> list[str]:
        """Return the identity of each, "" for one that is being replaced."""
        return [process.identity if process else "" for process in self._there()]

    async def exposition(self) -> bytes:
        """Return the SDK's numbers of all, by `process` from 1 on; those of one that does not answer are left out."""
        expositions = dict[str, bytes]()
        for number, process in enumerate(self._there(), 1):
            if process and process.numbers_at:
                try:
                    expositions[str(number)] = await exposition_at(process.numbers_at)
                except httpx.HTTPError as error:
                    _log.warning("numbers are missing", process=number, error=repr(error))
        return of_processes(expositions)

    def _there(self) -> list[WorkerProcess | None]:
        return [WorkerProcess(**json.loads(one.said)) if one.said else None for one in self.kept]


@asynccontextmanager
async def working_in(
    count: int, numbers: str, variables: Mapping[str, str], *, counts: bool
) -> AsyncIterator[WorkerProcesses]:
    """Let that many processes take work, which have *variables* beside ours and count in the folder *numbers*.

    They drain together at the end. With *counts* Temporal's SDK counts in each as well. Raises `CannotListen`.
    """
    command = (*_WORKER, *_COUNTING) if counts else _WORKER
    grace = GRACE.total_seconds() + 5
    async with several(count, command, numbers, grace=grace, variables=variables) as kept:
        yield WorkerProcesses(kept)
