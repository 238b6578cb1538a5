"""What a demo runs on: the stack of one machine, with a worker, the API, and an organization of its own."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console

from billflow.dev.ports import LOOPBACK, free_port
from billflow.dev.stack import Stack, running_stack
from billflow.domain.scopes import Scope
from billflow.models.contracts.access import NewApiKey
from billflow.models.contracts.customers import ChangeContext
from billflow.settings import Settings, load_settings
from billflow.telemetry.logging import configure_logging

if TYPE_CHECKING:
    from billflow.demo.scenario_run import DemoEnvironment

Result = TypeVar("Result")

ORG = "demo"
WEBHOOKS = "/api/v1/webhooks/stripe"
WIDTH = 140
SERVICES = "billflow.demo.services"


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
async def demo_environment(processes: int) -> AsyncIterator[tuple["DemoEnvironment", Stack]]:
    """Start the stack with a worker and the API, and an organization of its own for the demo.

    What needs a second or two to be imported is imported while servers start.
    """
    settings = demo_settings()
    importing = asyncio.create_task(asyncio.to_thread(import_module, SERVICES))
    async with running_stack(settings, keep=False, webhook_url=webhook_address(settings)) as stack:
        await importing
        from billflow.demo.services import demo_services  # noqa: PLC0415  (they are there by now)
        from billflow.wiring.store import migrate  # noqa: PLC0415

        await asyncio.to_thread(migrate, stack.settings)
        async with demo_services(stack.settings, stack.temporal_address, processes) as env:
            yield env, stack


async def demo_key(env: "DemoEnvironment") -> str:
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
