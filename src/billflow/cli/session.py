"""A command's way to the engine: settings, the running stack, and one event loop."""

import asyncio
import getpass
import inspect
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import typer

from billflow.cli import local_stack
from billflow.cli.fields import parameter, signed, typed_for, value_for
from billflow.cli.output import Output
from billflow.cli.params import AsJson, example
from billflow.errors import CommandFailed
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey

if TYPE_CHECKING:
    from billflow.settings import Settings
    from billflow.wiring.engine import Engine as Engine  # noqa: PLC0414  (commands take it from here)
    from billflow.wiring.store import Store as Store  # noqa: PLC0414
else:
    # What a command is given is imported when it is run.
    Engine = Store = Any

Answer = TypeVar("Answer")
Act = Callable[..., Awaitable[Output | None]]
Opened = Callable[[], AbstractAsyncContextManager[Any]]

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


def on_database(act: Act) -> Callable[..., None]:
    """Make a command of *act*, which needs the billing database only: Temporal and Stripe may be away.

    *act* takes the store first, and what its other parameters are marked to be looked up by. Where it returns an
    `Output`, there is `--json`.
    """
    return _command(act, _store)


def on_engine(act: Act) -> Callable[..., None]:
    """Make a command of *act*, which takes a connected engine; see `on_database`."""
    return _command(act, _engine)


class CommandGroup(typer.Typer):
    """The commands of one noun, each with *examples* of how it is typed."""

    def on_database(self, *examples: str, name: str | None = None) -> Callable[[Act], Act]:
        """Add a command; see `on_database`."""
        return self._adding(on_database, name, examples)

    def on_engine(self, *examples: str, name: str | None = None) -> Callable[[Act], Act]:
        """Add a command; see `on_engine`."""
        return self._adding(on_engine, name, examples)

    def _adding(
        self, made_of: Callable[[Act], Callable[..., None]], name: str | None, examples: Sequence[str]
    ) -> Callable[[Act], Act]:
        def add(act: Act) -> Act:
            self.command(name, epilog=example(*examples))(made_of(act))
            return act

        return add


def run(act: Callable[[Engine], Awaitable[Output]], *, as_json: bool) -> None:
    """Do something with a connected engine, and print what it returns."""
    asyncio.run(_done(act, _engine, as_json=as_json))


def _command(act: Act, opened: Opened) -> Callable[..., None]:
    signature = inspect.signature(act)
    _, *wanted = signature.parameters.values()
    shared = [parameter("as_json", AsJson, default=False)] if signature.return_annotation is Output else []

    @wraps(act)
    def command(**typed: Any) -> None:
        async def with_values(here: Any) -> Output | None:
            return await act(here, **{one.name: await value_for(here, one, typed) for one in wanted})

        asyncio.run(_done(with_values, opened, as_json=typed.get("as_json", False)))

    signed(command, [*(option for one in wanted for option in typed_for(one)), *shared], act.__doc__)
    return command


async def _done(act: Act, opened: Opened, *, as_json: bool) -> None:
    async with opened() as here:
        output = await act(here)
        if output is not None:
            output.show(as_json=as_json)


def _engine() -> AbstractAsyncContextManager[Engine]:
    from billflow.wiring.engine import open_engine

    return open_engine(settings_here())


def _store() -> AbstractAsyncContextManager[Store]:
    from billflow.wiring.store import open_store

    return open_store(settings_here())


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
            f"Nothing answered within {PATIENCE_SECONDS:.0f} seconds; start a worker with `billflow worker` (`billflow "
            f"deploy status` says which version), then repeat the command{under}."
        ) from None


def actor() -> str:
    """Return who types, for the audit log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:{os.getuid()}"
