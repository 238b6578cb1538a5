"""Whether the process lives, whether it can do its work, and how the work goes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from billflow.api.metrics import Metrics
from billflow.api.problems import RETRY_AFTER
from billflow.api.services import Probe, ServicesHere

PATIENCE = 10.0
"""Seconds that a server has to answer a probe; one that has much to do is slow, and within reach."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Answer = TypeVar("Answer")

router = APIRouter(tags=["health"])
_log = structlog.get_logger(__name__)


class Health(BaseModel):
    """The process runs."""

    status: str = "ok"


class Readiness(BaseModel):
    """Which of the servers we depend on can be reached."""

    status: str = Field(examples=["ready"])
    checks: dict[str, str] = Field(examples=[{"postgresql": "ok", "temporal": "ok", "stripe": "ok"}])


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


@router.get("/healthz")
async def healthz() -> Health:
    """Say that the process runs."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Something is out of reach"}})
async def readyz(services: ServicesHere, response: Response) -> Readiness:
    """Say whether PostgreSQL, Temporal and Stripe can be reached; 503 where one can't."""
    answers = await asyncio.gather(*(_reaches(name, probe) for name, probe in services.probes.items()))
    checks = dict(zip(services.probes, answers, strict=True))
    if all(answer == "ok" for answer in answers):
        return Readiness(status="ready", checks=checks)
    response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return Readiness(status="not_ready", checks=checks)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request, services: ServicesHere) -> Response:
    """Show numbers for Prometheus: how requests went, what waits and what fails."""
    measured: Metrics = request.app.state.metrics
    waiting = await _if_known(services.queries.monitoring.plans_on_hold(), "postgresql")
    measured.attend(waiting, await _if_known(services.plans.control.needing_attention(), "temporal"))
    return Response(measured.exposition(), media_type=METRICS_TYPE)


async def _if_known(asked: Awaitable[Answer], part: str) -> Answer | None:
    """Return an answer, None where there is none: the other numbers are wanted most then."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await asked
    except Exception as error:  # noqa: BLE001  (whatever it was, that server does not say)
        _log.warning("numbers are missing", part=part, error=repr(error))
        return None


async def _reaches(name: str, probe: Probe) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await probe()
    except Exception as error:  # noqa: BLE001  (whatever it was, that server is out of reach)
        _log.warning("not ready", part=name, error=repr(error))
        return "out of reach"
    return "ok"
