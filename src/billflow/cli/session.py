"""A command's way to the engine: settings, the running stack, and one event loop."""

import asyncio
import getpass
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from billflow.cli import local_stack
from billflow.errors import CommandFailed
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey

if TYPE_CHECKING:
    from billflow.settings import Settings
    from billflow.wiring.engine import Engine
    from billflow.wiring.store import Store

Answer = TypeVar("Answer")

PATIENCE_SECONDS = 75.0
"""How long a command waits for a worker; starting a plan may take a minute of it for the card."""


class NoWorker(CommandFailed):
    """A command got no answer in time, most likely because no worker runs.

    Start one with `billflow worker`, then do as the message says.
    """

    code = "no_worker"


def settings_here(*, serving: bool = False) -> "Settings":
    """Return the settings of this process, taking in the stack that `billflow dev` runs here, and set up logging.

    A command that isn't *serving* logs errors only, unless the environment names a level. Raises `SettingsError`
    for unusable variables.
    """
    from billflow.settings import load_settings
    from billflow.telemetry.logging import configure_logging

    settings = load_settings()
    if variables := local_stack.found(settings.data_dir.expanduser(), os.environ):
        os.environ.update(variables)
        settings = load_settings()
    wanted = serving or "log_level" in settings.model_fields_set
    configure_logging(settings.log_format, settings.log_level if wanted else "error")
    return settings


def run(act: "Callable[[Engine], Awaitable[None]]") -> None:
    """Do something with a connected engine, and close it."""
    asyncio.run(_with_engine(act))


def on_database(act: "Callable[[Store], Awaitable[None]]") -> None:
    """Do something that needs the billing database only: Temporal and Stripe may be away."""
    asyncio.run(_with_store(act))


async def _with_engine(act: "Callable[[Engine], Awaitable[None]]") -> None:
    from billflow.wiring.engine import open_engine

    async with open_engine(settings_here()) as engine:
        await act(engine)


async def _with_store(act: "Callable[[Store], Awaitable[None]]") -> None:
    from billflow.wiring.store import open_store

    async with open_store(settings_here()) as store:
        await act(store)


def key_of(typed: str | None) -> NamespacedKey:
    """Return the key of a request: the one that was typed, or a fresh one."""
    return KeyNamespace.CLIENT.key(typed or str(uuid4()))


async def answered(request: Awaitable[Answer], key: NamespacedKey | None = None) -> Answer:
    """Wait for what only a worker can answer; raises `NoWorker`, naming the *key* to repeat it under if any."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await request
    except TimeoutError:
        under = f" with --idempotency-key {KeyNamespace.CLIENT.name_of(key)}" if key else ""
        raise NoWorker(
            f"Nothing answered within {PATIENCE_SECONDS:.0f} seconds; start a worker with `billflow worker`, then "
            f"repeat the command{under}."
        ) from None


def actor() -> str:
    """Return who types, for the audit log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:{os.getuid()}"
