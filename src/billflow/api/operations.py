"""What operators ask of a process, on a listener of its own: answered from what was looked at in the background.

However often somebody asks, there are no more looks than their interval allows, and no request waits behind one.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from billflow.api.metrics import process_success
from billflow.api.middleware import SafeHeaders
from billflow.api.problems import RETRY_AFTER
from billflow.api.waiting import Waiting
from billflow.models.contracts.access import WaitingWork
from billflow.temporal.queue_rates import QueueLook

INTERVAL = 5.0
"""Seconds between two looks."""

PATIENCE = 10.0
"""Seconds that a server has to answer a look; one that has much to do is slow, and within reach."""

POLLED = timedelta(seconds=150)
"""Within this time a worker asks for work again: the server lets it wait a minute for each answer."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Answer = TypeVar("Answer")

Probe = Callable[[], Awaitable[object]]
"""Reaches for a server we depend on; any exception means that it can't be reached."""

_log = structlog.get_logger(__name__)


@dataclass
class CachedProbe:
    """A probe whose answer, good or bad, counts for some seconds."""

    probe: Probe
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _error: Exception | None = field(default=None, init=False)
    _until: float | None = field(default=None, init=False)

    async def __call__(self) -> None:
        """Ask, or say again what was answered."""
        if self._until is None or self.clock() >= self._until:
            try:
                await self.probe()
                self._error = None
            except Exception as error:  # noqa: BLE001  (whatever it was, it is told again)
                self._error = error
            self._until = self.clock() + self.seconds
        if self._error:
            raise self._error


@dataclass
class Operations:
    """What the last look found: which servers can be reached, and what waits in all organizations.

    *exposition* returns what the process has counted itself, in Prometheus' text format, *sdk_exposition* what
    Temporal's SDK has. The process is ready without the servers in *optional*. Of a worker *pollers* returns the
    identities of its processes, "" for one that is being replaced, and *last_success* when one last did an activity.
    """

    probes: Mapping[str, Probe]
    waiting_work: Callable[[], Awaitable[WaitingWork]]
    workflows_on_hold: Callable[[], Awaitable[int]]
    workflows_failing: Callable[[], Awaitable[int]]
    queues: Callable[[], Awaitable[Sequence[QueueLook]]]
    exposition: Callable[[], bytes]
    sdk_exposition: Callable[[], Awaitable[bytes]] | None = None
    optional: frozenset[str] = frozenset()
    pollers: Callable[[], Sequence[str]] | None = None
    last_success: Callable[[], datetime | None] = process_success
    interval: float = INTERVAL
    checks: dict[str, str] = field(default_factory=dict, init=False)
    looks: Sequence[QueueLook] | None = field(default=None, init=False)
    waiting: Waiting = field(default_factory=Waiting, init=False)

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self.interval)

    async def look(self) -> None:
        """Reach for each server, and count what waits; what can't be had is no number."""
        *answers, _ = await asyncio.gather(*(_reach(*named) for named in self.probes.items()), self._count())
        self.checks = dict(zip(self.probes, map(str, answers), strict=True))

    async def _count(self) -> None:
        work = _if_known(self.waiting_work(), "postgresql")
        on_hold = _if_known(self.workflows_on_hold(), "temporal")
        failing = _if_known(self.workflows_failing(), "temporal")
        queues = _if_known(self.queues(), "temporal")
        counted, workflows, unable, self.looks = await asyncio.gather(work, on_hold, failing, queues)
        self.waiting.update(counted, workflows, unable, [look.record for look in self.looks or ()])

    def is_ready(self) -> bool:
        """Tell whether all servers that the process can't do without were reached."""
        needed = {name: state for name, state in self.checks.items() if name not in self.optional}
        return bool(needed) and set(needed.values()) == {"ok"}

    def health(self) -> dict[str, Any]:
        """Return that the process lives; of a worker also whether it asks for work, and when it last did some.

        It is not polling where one of its processes has not asked for the work of a task queue lately, and unknown
        while Temporal does not say.
        """
        if self.pollers is None:
            return {"status": "ok"}
        pollers = self.pollers()
        last = {look.record.queue: look.polled_by(pollers) for look in self.looks or ()}
        return {
            "status": "ok",
            "polling": None if self.looks is None else all(map(_is_recent, last.values())),
            "last_polls": {queue: _shown(at) for queue, at in last.items()},
            "last_success": _shown(self.last_success()),
        }

    async def numbers(self) -> bytes:
        """Return all numbers in Prometheus' text format; those of the SDK are left out where it does not answer."""
        of_the_sdk = await _if_known(self.sdk_exposition(), "sdk") if self.sdk_exposition else None
        return self.exposition() + self.waiting.exposition() + (of_the_sdk or b"")


def operations_app(operations: Operations) -> Starlette:
    """Build the endpoints: `/healthz`, `/readyz` and `/metrics`. None of them asks anybody anything."""

    async def healthz(_: Request) -> Response:
        return JSONResponse(operations.health())

    async def readyz(_: Request) -> Response:
        if operations.is_ready():
            return JSONResponse({"status": "ready", "checks": operations.checks})
        unready = {"status": "not_ready", "checks": operations.checks}
        return JSONResponse(unready, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(RETRY_AFTER)})

    async def metrics(_: Request) -> Response:
        return Response(await operations.numbers(), media_type=METRICS_TYPE)

    @asynccontextmanager
    async def looking(_: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(operations.run())
        try:
            yield
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    routes = [Route(f"/{answer.__name__}", answer) for answer in (healthz, readyz, metrics)]
    return Starlette(routes=routes, middleware=[Middleware(SafeHeaders)], lifespan=looking)


async def _if_known(asked: Awaitable[Answer], part: str) -> Answer | None:
    """Return an answer, None where there is none: the other numbers are wanted most then."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await asked
    except Exception as error:  # noqa: BLE001  (whatever it was, that server does not say)
        _log.warning("numbers are missing", part=part, error=repr(error))
        return None


async def _reach(name: str, probe: Probe) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await probe()
    except Exception as error:  # noqa: BLE001  (whatever it was, that server is out of reach)
        _log.warning("not ready", part=name, error=repr(error))
        return "out of reach"
    return "ok"


def _is_recent(moment: datetime | None) -> bool:
    return moment is not None and datetime.now(UTC) - moment < POLLED


def _shown(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
