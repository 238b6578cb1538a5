"""`billflow dev`: the whole stack on this machine, under one process, until ctrl-C."""

import asyncio
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billflow.cli import local_stack
from billflow.cli.dev_workers import Working, counted_together, working_apart, working_here
from billflow.cli.folders import write_private
from billflow.cli.lookup import change_here, now, org_of
from billflow.cli.output import FactList, show
from billflow.cli.servers import entering
from billflow.cli.session import Engine

if TYPE_CHECKING:
    from billflow.dev.stack import Stack
    from billflow.settings import Settings

STRIPE_EVENTS = "/api/v1/webhooks/stripe"
_ANY_FREE = 0

_Port = Annotated[int, typer.Option(min=0, max=65535, help="0 is any free port.")]


def dev(  # noqa: PLR0913  (each is one wish)
    *,
    data: Annotated[Path | None, typer.Option("--data", help="Where the state is kept between runs.")] = None,
    api_port: Annotated[int | None, typer.Option(min=0, max=65535, help="Where the API listens.")] = None,
    temporal_port: _Port = _ANY_FREE,
    ui_port: _Port = _ANY_FREE,
    ops_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Where /readyz and /metrics answer; any free port by default.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="How many share the worker's work; half as many as cores by default, 1 to 4."),
    ] = None,
) -> None:
    """Start PostgreSQL, Temporal, the Stripe emulator, a worker and the API; ctrl-C stops them all.

    A part is left out where its variable points at a real one: DATABASE_URL, TEMPORAL_ADDRESS, STRIPE_API_KEY.
    While it runs, other commands on this machine find it by themselves.
    """
    from billflow.api.event_loop import run

    asked = {"data_dir": data, "api_port": api_port, "ops_port": ops_port}
    try:
        run(_dev(asked, temporal_port, ui_port, processes))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _dev(asked: Mapping[str, Any], temporal_port: int, ui_port: int, processes: int | None) -> None:
    from billflow.cli.processes import cancel_on_signals
    from billflow.dev.cores import worker_processes
    from billflow.dev.ports import named_or_free
    from billflow.dev.stack import Ports, running_stack

    cancel_on_signals()
    settings = _settings(asked)
    listeners = {"api_port": "the API", "ops_port": "the operations endpoints"}
    free = {name: named_or_free(getattr(settings, name), part) for name, part in listeners.items()}
    settings = settings.model_copy(update=free)
    ports, webhook_url = Ports(temporal=temporal_port, temporal_ui=ui_port), _api_url(settings) + STRIPE_EVENTS
    with counted_together(count := processes or worker_processes()) as numbers:
        importing = asyncio.create_task(asyncio.to_thread(import_module, "billflow.wiring.api"))
        async with running_stack(settings, ports=ports, webhook_url=webhook_url) as stack:
            await importing
            await _run_parts(stack, count, numbers)


def _settings(asked: Mapping[str, Any]) -> "Settings":
    from billflow.settings import load_settings
    from billflow.telemetry.logging import configure_logging

    settings = load_settings()
    unset: dict[str, object] = {
        "api_port": _ANY_FREE,
        "ops_port": _ANY_FREE,
        "log_level": "warning",
        "webhook_private_addresses": True,
    }
    free = {name: value for name, value in unset.items() if name not in settings.model_fields_set}
    given = {name: value for name, value in asked.items() if value is not None}
    settings = settings.model_copy(update=free | given)
    configure_logging(settings.log_format, settings.log_level)
    return settings


async def _run_parts(stack: "Stack", processes: int, numbers: str) -> None:
    from billflow.api.server import run_server
    from billflow.cli.processes import together
    from billflow.telemetry.otel import tracing_here
    from billflow.temporal.sdk_metrics import counting_runtime
    from billflow.temporal.worker import stop_on_signals
    from billflow.wiring.api import build_api
    from billflow.wiring.engine import open_engine
    from billflow.wiring.operations import build_operations
    from billflow.wiring.store import migrate
    from billflow.wiring.workers import versioned

    settings = versioned(stack.settings)
    ui = settings.temporal_ui_origin or stack.temporal_ui_url
    settings = settings.model_copy(update={"temporal_ui_origin": ui})
    await asyncio.to_thread(migrate, settings)
    counted = counting_runtime()
    async with (
        open_engine(settings, stack.temporal_address, runtime=counted.runtime, tracing=tracing_here()) as engine,
        AsyncExitStack() as apart,
    ):
        key = await _prepared(engine)
        apart.enter_context(local_stack.announced(_announcement(stack, key.text)))
        stop, app = stop_on_signals(), build_api(engine)
        working = working_here(engine, app.state.metrics.exposition, counted)
        if processes > 1:
            several = working_apart(processes, engine, stack.temporal_address, numbers)
            working = await apart.enter_async_context(several)
        operations = build_operations(engine, working.exposition, **working.terms)
        api = run_server(app, settings.api_host, settings.api_port, stop)
        asked = run_server(operations, settings.ops_host, settings.ops_port, stop)
        await together(stop, working.run(stop), api, asked, watch=_watch(stack, engine, working, key))


@dataclass(frozen=True)
class _Key:
    """The key for every command, and whether it is new."""

    text: str
    is_new: bool


async def _prepared(engine: Engine) -> _Key:
    """Let what happens by the clock happen, and the examples be sold; return the key for every command."""
    from billflow.wiring.store import sell_as_example, sell_example
    from billflow.wiring.workers import ensure_schedules

    await ensure_schedules(engine)
    org_id = await org_of(engine)
    await sell_example(engine.repositories.catalogs, org_id)
    await sell_as_example(engine.repositories.sellers, org_id)
    return await _key(engine, _folder(engine.settings) / "api-key")


async def _watch(stack: "Stack", engine: Engine, working: Working, key: _Key) -> None:
    """Show where everything is as soon as it answers; raise `PartFailed` when it doesn't, or a server has ended.

    On a Temporal server of our own this version takes all work at once.
    """
    is_ours = stack.temporal_ui_url is not None
    await asyncio.gather(
        stack.watch(), _show_when_ready(stack, engine, working, key), entering(engine, promote=is_ours)
    )


async def _show_when_ready(stack: "Stack", engine: Engine, working: Working, key: _Key) -> None:
    from billflow.dev.ready import until_ready

    pages = [f"{_api_url(stack.settings)}/healthz", f"{_ops_url(stack.settings)}/readyz", stack.temporal_ui_url]
    await until_ready(engine.client, *filter(None, pages), pollers=working.terms["pollers"])
    _show(stack, key.text if key.is_new else None, await _console_link(engine))


async def _key(engine: Engine, file: Path) -> _Key:
    """Return a key for every command: the one in *file*, or a new one that is kept there from now on."""
    from billflow.domain.scopes import Scope
    from billflow.models.contracts.access import NewApiKey, PresentedKey

    kept = _kept(file)
    presented = PresentedKey.read(kept)
    if presented and await engine.repositories.api_keys.find_valid(presented, now()):
        return _Key(kept, is_new=False)
    new = NewApiKey(name="dev", mode=engine.mode, scopes=frozenset(Scope))
    issued = await engine.repositories.api_keys.create(await org_of(engine), new, change_here())
    write_private(file, issued.text.get_secret_value())
    return _Key(issued.text.get_secret_value(), is_new=True)


def _kept(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


def _announcement(stack: "Stack", key: str) -> local_stack.LocalStack:
    data, url = str(_folder(stack.settings)), _api_url(stack.settings)
    environment = {**stack.environment(), "BILLFLOW_CONSOLE_URL": _console_url(stack.settings)}
    return local_stack.LocalStack(os.getpid(), data, stack.settings.org, url, key, environment)


async def _console_link(engine: Engine) -> str:
    """Make a link that signs an administrator in to the console, once."""
    from billflow.cli.console import sign_in_link
    from billflow.models.contracts.console import ConsoleRole, NewConsoleSession

    return (await sign_in_link(engine, NewConsoleSession(person="dev", role=ConsoleRole.ADMIN)))[0]


def _show(stack: "Stack", key: str | None, console_link: str) -> None:
    parts: dict[str, str | None] = {
        "API": f"{_api_url(stack.settings)}/docs",
        "API key, shown this once": key,
        "Console, opened once": console_link,
        "Metrics": f"{_ops_url(stack.settings)}/metrics",
        "Temporal": stack.temporal_address,
        "Temporal Web UI": stack.temporal_ui_url,
        "Stripe": stack.settings.stripe_api_base or "the real one",
        "Data": str(_folder(stack.settings)),
        "Try": "billflow customer create Acme billing@acme.example",
    }
    show(FactList("billflow is up; ctrl-C stops it", parts))


def _folder(settings: "Settings") -> Path:
    return settings.data_dir.expanduser().resolve()


def _console_url(settings: "Settings") -> str:
    return settings.console_url or f"{_api_url(settings)}/console"


def _api_url(settings: "Settings") -> str:
    return f"http://{settings.api_host}:{settings.api_port}"


def _ops_url(settings: "Settings") -> str:
    return f"http://{settings.ops_host}:{settings.ops_port}"
