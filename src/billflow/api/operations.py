"""What operators ask of a process, on a listener of its own: answered from what was looked at in the background.

However often somebody asks, there are no more looks than their interval allows, and no request waits behind one.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from billflow.api.metrics import Waiting
from billflow.api.middleware import SafeHeaders
from billflow.api.problems import RETRY_AFTER
from billflow.models.contracts.access import WaitingWork
from billflow.models.contracts.queues import QueueRecord

INTERVAL = 5.0
"""Seconds between two looks."""

PATIENCE = 10.0
"""Seconds that a server has to answer a look; one that has much to do is slow, and within reach."""

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

    *exposition* returns what the process has counted itself, in Prometheus' text format.
    """

    probes: Mapping[str, Probe]
    waiting_work: Callable[[], Awaitable[WaitingWork]]
    workflows_on_hold: Callable[[], Awaitable[int]]
    workflows_failing: Callable[[], Awaitable[int]]
    queues: Callable[[], Awaitable[Sequence[QueueRecord]]]
    exposition: Callable[[], bytes]
    interval: float = INTERVAL
    checks: dict[str, str] = field(default_factory=dict, init=False)
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
        self.waiting.update(*await asyncio.gather(work, on_hold, failing, queues))


def operations_app(operations: Operations) -> Starlette:
    """Build the endpoints: `/healthz`, `/readyz` and `/metrics`. None of them asks anybody anything."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        if operations.checks and set(operations.checks.values()) == {"ok"}:
            return JSONResponse({"status": "ready", "checks": operations.checks})
        unready = {"status": "not_ready", "checks": operations.checks}
        return JSONResponse(unready, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(RETRY_AFTER)})

    async def metrics(_: Request) -> Response:
        return Response(operations.exposition() + operations.waiting.exposition(), media_type=METRICS_TYPE)

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
