"""Whether the process lives, and whether it can do its work."""

import asyncio
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from billflow.api.problems import RETRY_AFTER
from billflow.api.services import Probe, ServicesHere

PATIENCE = 3.0
"""Seconds that a server has to answer a probe."""

router = APIRouter(tags=["health"])
_log = structlog.get_logger(__name__)


class Health(BaseModel):
    """The process runs."""

    status: str = "ok"


class Readiness(BaseModel):
    """Which of the servers we depend on can be reached."""

    status: str = Field(examples=["ready"])
    checks: dict[str, str] = Field(examples=[{"postgresql": "ok", "temporal": "ok", "stripe": "ok"}])


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


async def _reaches(name: str, probe: Probe) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            await probe()
    except Exception as error:  # noqa: BLE001  (whatever it was, that server is out of reach)
        _log.warning("not ready", part=name, error=repr(error))
        return "out of reach"
    return "ok"
