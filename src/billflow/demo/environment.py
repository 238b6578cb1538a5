"""What a demo runs on: the stack of one machine, a worker, the API, and an organization of its own."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import TypeVar
from uuid import uuid4

from rich.console import Console

from billflow.api.garbage_collection import set_apart
from billflow.api.server import serving
from billflow.api.worker_processes import working_in
from billflow.demo.scenario_run import DemoEnvironment
from billflow.dev.ports import LOOPBACK, free_port
from billflow.dev.stack import Stack, running_stack
from billflow.domain.dunning import DunningPolicy
from billflow.domain.scopes import Scope
from billflow.models.contracts.access import NewApiKey
from billflow.models.contracts.customers import ChangeContext
from billflow.settings import Settings, environment_of, load_settings
from billflow.telemetry.logging import configure_logging
from billflow.temporal.worker import run_until
from billflow.wiring.api import build_api
from billflow.wiring.engine import Engine, open_engine
from billflow.wiring.store import migrate
from billflow.wiring.workers import workers

Result = TypeVar("Result")

ORG = "demo"
WEBHOOKS = "/api/v1/webhooks/stripe"
WIDTH = 140
NO_SUSPENSION = DunningPolicy(suspend_customer=False, end_plan_after_days=None)
"""Nobody is suspended here: a card that is declined for months shows how open invoices are paid late."""


def demo_console(*, stderr: bool) -> Console:
    """Return what a demo prints on."""
    console = Console(stderr=stderr)
    # A pipe has no width of its own, and a log is no place for a table cut short.
    return console if console.is_terminal else Console(stderr=stderr, width=WIDTH)


def demo_settings() -> Settings:
    """Return the settings of this process with a port for the API, which logs errors alone."""
    settings = load_settings()
    configure_logging(settings.log_format, "error")
    own = {"api_port": free_port(), "webhook_private_addresses": True, "org": ORG, "log_level": "error", "build_id": ""}
    return settings.model_copy(update=own)


def webhook_address(settings: Settings) -> str:
    """Return where the API takes Stripe's events."""
    return f"http://{LOOPBACK}:{settings.api_port}{WEBHOOKS}"


@asynccontextmanager
async def demo_environment(processes: int) -> AsyncIterator[tuple[DemoEnvironment, Stack]]:
    """Start the stack with a worker and the API, and an organization of its own for the demo."""
    settings = demo_settings()
    async with running_stack(settings, keep=False, webhook_url=webhook_address(settings)) as stack:
        await asyncio.to_thread(migrate, stack.settings)
        async with demo_services(stack.settings, stack.temporal_address, processes) as env:
            yield env, stack


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
        org_id = await engine.repositories.organizations.ensure(ORG)
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


async def demo_key(env: DemoEnvironment) -> str:
    """Make an API key that may do everything."""
    new = NewApiKey(name="demo", mode=env.engine.mode, scopes=frozenset(Scope))
    change = ChangeContext(actor="demo", at=datetime.now(UTC))
    return (await env.engine.repositories.api_keys.create(env.org_id, new, change)).text.get_secret_value()


def demo_links(stack: Stack, settings: Settings, key: str | None) -> Mapping[str, str]:
    """Return where there is something to look at."""
    links = {
        "Temporal Web UI": stack.temporal_ui_url,
        "Stripe emulator": stack.settings.stripe_api_base,
        "API": f"http://{LOOPBACK}:{settings.api_port}/docs",
        "API key": key,
    }
    return {name: url for name, url in links.items() if url}


async def unless_stopped(stop: asyncio.Event, work: Coroutine[None, None, Result]) -> Result:
    """Return what *work* returns; ctrl-C ends it early."""
    at_work, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({at_work, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not at_work.done():
        at_work.cancel()
        await asyncio.wait({at_work})
        raise KeyboardInterrupt
    return at_work.result()
