"""A command's way to the API, or for operators to the engine: settings, the running stack, and one event loop."""

import getpass
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import wraps
from inspect import Parameter, isawaitable, signature
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import typer

from billflow.cli import local_stack
from billflow.cli.fields import parameter, signed, typed_for, value_for
from billflow.cli.output import Listing, Output, complain
from billflow.cli.params import AsCsv, AsJson, example
from billflow.errors import CommandFailed

if TYPE_CHECKING:
    from billflow.cli.connection import Api as Api  # noqa: PLC0414  (commands take it from here)
    from billflow.models.contracts.keys import NamespacedKey
    from billflow.settings import Settings
    from billflow.wiring.engine import Engine as Engine  # noqa: PLC0414
    from billflow.wiring.store import Store as Store  # noqa: PLC0414
else:
    # What a command is given is imported when it is run.
    Api = Engine = Store = Any

Answer = TypeVar("Answer")
Added = TypeVar("Added", bound=Callable[..., Any])
Asks = Callable[..., Output | None]
Act = Callable[..., Awaitable[Output | None]]
Opened = Callable[[], AbstractAsyncContextManager[Any]]

FORMS: Mapping[Any, Mapping[str, Any]] = {
    Output: {"as_json": AsJson},
    Listing: {"as_json": AsJson, "as_csv": AsCsv},
}
"""What a command may print, by what it returns."""

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
    variables, which = local_stack.servers(os.environ)
    if which:
        complain(which)
    if variables:
        os.environ.update(variables)
        settings = load_settings()
    wanted = serving or "log_level" in settings.model_fields_set
    configure_logging(settings.log_format, settings.log_level if wanted else "error")
    return settings


def on_api(act: Asks) -> Callable[..., None]:
    """Make a command of *act*, which asks the API and needs no server's address and no secret but a key.

    *act* takes the API first, and what its other parameters are marked to be looked up by. Where it returns an
    `Output`, there is `--json`, where it returns a `Listing` there is `--csv` too.
    """
    wanted = _wanted(act)

    @wraps(act)
    def command(**typed: Any) -> None:
        ask(lambda api: act(api, **{one.name: value_for(api, one, typed) for one in wanted}), **printed_as(typed))

    return _signed(command, act, wanted)


def ask(act: Asks, **form: bool) -> None:
    """Do something with the API, and print what it returns."""
    from billflow.cli.connection import connected

    with connected(complain) as api:
        output = act(api)
        if output is not None:
            output.show(**form)


def on_database(act: Act) -> Callable[..., None]:
    """Make a command of *act*, which needs the billing database only: Temporal and Stripe may be away.

    *act* takes the store first; see `on_api`.
    """
    return _command(act, _store)


def on_engine(act: Act) -> Callable[..., None]:
    """Make a command of *act*, which takes a connected engine; see `on_api`."""
    return _command(act, _engine)


class CommandGroup(typer.Typer):
    """The commands of one noun, each with *examples* of how it is typed."""

    def on_api(self, *examples: str, name: str | None = None) -> Callable[[Asks], Asks]:
        """Add a command; see `on_api`."""
        return self._adding(on_api, name, examples)

    def on_database(self, *examples: str, name: str | None = None) -> Callable[[Act], Act]:
        """Add a command; see `on_database`."""
        return self._adding(on_database, name, examples)

    def on_engine(self, *examples: str, name: str | None = None) -> Callable[[Act], Act]:
        """Add a command; see `on_engine`."""
        return self._adding(on_engine, name, examples)

    def _adding(
        self, made_of: Callable[[Added], Callable[..., None]], name: str | None, examples: Sequence[str]
    ) -> Callable[[Added], Added]:
        def add(act: Added) -> Added:
            self.command(name, epilog=example(*examples))(made_of(act))
            return act

        return add


def run(act: Callable[[Engine], Awaitable[Output]], **form: bool) -> None:
    """Do something with a connected engine, and print what it returns."""
    import asyncio

    asyncio.run(_done(act, _engine, **form))


def _command(act: Act, opened: Opened) -> Callable[..., None]:
    wanted = _wanted(act)

    @wraps(act)
    def command(**typed: Any) -> None:
        import asyncio

        async def with_values(here: Any) -> Output | None:
            values = {one.name: value_for(here, one, typed) for one in wanted}
            return await act(here, **{name: await one if isawaitable(one) else one for name, one in values.items()})

        asyncio.run(_done(with_values, opened, **printed_as(typed)))

    return _signed(command, act, wanted)


def _wanted(act: Callable[..., Any]) -> list[Parameter]:
    """Return what a command takes beside what it works with."""
    return list(signature(act).parameters.values())[1:]


def _signed(command: Callable[..., None], act: Callable[..., Any], wanted: Sequence[Parameter]) -> Callable[..., None]:
    forms = FORMS.get(signature(act).return_annotation, {})
    options = [option for one in wanted for option in typed_for(one)]
    signed(command, [*options, *(parameter(*form, default=False) for form in forms.items())], act.__doc__)
    return command


async def _done(act: Act, opened: Opened, **form: bool) -> None:
    async with opened() as here:
        output = await act(here)
        if output is not None:
            output.show(**form)


def _engine() -> AbstractAsyncContextManager[Engine]:
    from billflow.wiring.engine import open_engine

    return open_engine(settings_here())


def _store() -> AbstractAsyncContextManager[Store]:
    from billflow.wiring.store import open_store

    return open_store(settings_here())


def key_of(typed: str | None) -> "NamespacedKey":
    """Return the key of a request: the one that was typed, or a fresh one."""
    from billflow.models.contracts.keys import KeyNamespace

    return KeyNamespace.CLIENT.key(typed or str(uuid4()))


async def answered(request: Awaitable[Answer], key: "NamespacedKey | None" = None) -> Answer:
    """Wait for what only a worker can answer; raises `NoWorker`, naming the *key* to repeat it under if any."""
    import asyncio

    from billflow.models.contracts.keys import KeyNamespace

    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await request
    except TimeoutError:
        under = f" with --idempotency-key {KeyNamespace.CLIENT.name_of(key)}" if key else ""
        raise NoWorker(
            f"Nothing answered within {PATIENCE_SECONDS:.0f} seconds; start a worker with `billflow worker` (`billflow "
            f"deploy status` says which version), then repeat the command{under}."
        ) from None


def printed_as(typed: Mapping[str, Any]) -> dict[str, bool]:
    """Return which of the `FORMS` were typed."""
    return {name: typed[name] for name in ("as_json", "as_csv") if name in typed}


def actor() -> str:
    """Return who types, for the audit log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:{os.getuid()}"
