"""What a demo runs of billflow itself, on servers that run: a worker, the API, and an organization of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from uuid import uuid4

from billflow.api.garbage_collection import set_apart
from billflow.api.server import serving
from billflow.api.worker_processes import working_in
from billflow.demo.scenario_run import DemoEnvironment
from billflow.dev.ports import LOOPBACK
from billflow.domain.dunning import DunningPolicy
from billflow.settings import Settings, environment_of
from billflow.temporal.worker import run_until
from billflow.wiring.api import build_api
from billflow.wiring.engine import Engine, open_engine
from billflow.wiring.workers import workers

NO_SUSPENSION = DunningPolicy(suspend_customer=False, end_plan_after_days=None)
"""Nobody is suspended here: a card that is declined for months shows how open invoices are paid late."""


@asynccontextmanager
async def demo_services(
    settings: Settings, temporal_address: str | None, processes: int
) -> AsyncIterator[DemoEnvironment]:
    """Run the API and a worker, of so many processes, on servers that run."""
    async with (
        open_engine(settings, temporal_address) as engine,
        serving(build_api(engine), LOOPBACK, settings.api_port),
        _working_apart(settings, temporal_address, processes) if processes > 1 else _working_here(engine),
    ):
        set_apart()
        org_id = await engine.repositories.organizations.ensure(settings.org)
        await engine.repositories.dunning.set_policy(org_id, NO_SUSPENSION)
        yield DemoEnvironment(engine, org_id, run=uuid4().hex[:6])


@asynccontextmanager
async def _working_here(engine: Engine) -> AsyncIterator[None]:
    drain = asyncio.Event()
    working = asyncio.create_task(run_until(drain, workers(engine)))
    try:
        yield
    finally:
        drain.set()
        await working


@asynccontextmanager
async def _working_apart(settings: Settings, temporal_address: str | None, processes: int) -> AsyncIterator[None]:
    temporal = {"TEMPORAL_ADDRESS": temporal_address} if temporal_address else {}
    with TemporaryDirectory(prefix="billflow-demo-") as numbers:
        async with working_in(processes, numbers, environment_of(settings) | temporal, counts=False):
            yield
