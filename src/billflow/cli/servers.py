"""The commands that production runs: worker, api and migrate; and the Stripe emulator for tests."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import session
from billflow.cli.output import show

if TYPE_CHECKING:
    from temporalio.runtime import Runtime

    from billflow.settings import Settings
    from billflow.wiring.engine import Engine

    Exposition = Callable[[], bytes]

OpsPort = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        help="Where /healthz, /readyz and /metrics answer, 0 for any free port; "
        "a worker without it answers nowhere, the API at BILLFLOW_OPS_PORT.",
    ),
]


@asynccontextmanager
async def _serving_engine(settings: "Settings", runtime: "Runtime | None" = None) -> "AsyncIterator[Engine]":
    """Yield the engine of a process that serves; raises `SettingsError` where its login may do more than run."""
    from billflow.telemetry.otel import tracing_here
    from billflow.wiring.engine import open_engine

    async with open_engine(settings, runtime=runtime, tracing=tracing_here()) as engine:
        await engine.check_login()
        yield engine


def worker(
    ops_port: OpsPort = None,
    promote: Annotated[
        bool,
        typer.Option(
            "--promote", help="Give this version all work at once, as where it takes the place of old workers."
        ),
    ] = False,
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many share the work.")] = 1,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Run a worker for every task queue until SIGTERM or ctrl-C; running activities get 30 seconds to finish."""
    from billflow.api.event_loop import run

    if supervised:
        run(_supervised_worker(counts=ops_port is not None))
    elif processes > 1:
        run(_workers_in(processes, ops_port, promote=promote))
    else:
        run(_worker(ops_port, promote=promote))


async def _worker(ops_port: int | None, *, promote: bool) -> None:
    from billflow.api.server import serving
    from billflow.cli.processes import together
    from billflow.temporal.sdk_metrics import counting_runtime
    from billflow.temporal.worker import run_until, stop_on_signals
    from billflow.wiring.operations import build_operations
    from billflow.wiring.workers import ensure_schedules, versioned

    stop = stop_on_signals()
    settings = versioned(session.settings_here(serving=True))
    counted = None if ops_port is None else counting_runtime()
    async with (
        _serving_engine(settings, counted.runtime if counted else None) as engine,
        AsyncExitStack() as listening,
    ):
        await ensure_schedules(engine)
        if counted and ops_port is not None:
            app = build_operations(engine, sdk_exposition=counted.exposition, pollers=lambda: [engine.client.identity])
            _show_operations(await listening.enter_async_context(serving(app, settings.ops_host, ops_port)))
        show("Taking work; ctrl-C or SIGTERM ends it.")
        await together(stop, run_until(stop, _taking(engine)), watch=entering(engine, promote=promote))


async def _workers_in(processes: int, ops_port: int | None, *, promote: bool) -> None:
    """Let several processes take work, and answer operators for all of them."""
    from billflow.api.metrics import shared_exposition, shared_success
    from billflow.api.server import serving
    from billflow.api.worker_processes import working_in
    from billflow.cli.processes import together
    from billflow.temporal.worker import stop_on_signals
    from billflow.wiring.operations import build_operations
    from billflow.wiring.workers import ensure_schedules, versioned

    stop = stop_on_signals()
    settings = versioned(session.settings_here(serving=True))
    with TemporaryDirectory(prefix="billflow-worker-") as numbers:
        async with _serving_engine(settings) as engine, AsyncExitStack() as running:
            await ensure_schedules(engine)
            working = working_in(processes, numbers, {}, counts=ops_port is not None)
            kept = await running.enter_async_context(working)
            if ops_port is not None:
                app = build_operations(
                    engine,
                    partial(shared_exposition, numbers),
                    sdk_exposition=kept.exposition,
                    pollers=kept.pollers,
                    last_success=partial(shared_success, numbers),
                )
                _show_operations(await running.enter_async_context(serving(app, settings.ops_host, ops_port)))
            show("Taking work; ctrl-C or SIGTERM ends it.")
            await together(stop, stop.wait(), watch=entering(engine, promote=promote))


def _taking(engine: "Engine") -> "list[AbstractAsyncContextManager[object]]":
    """Return the workers of this process, which has made by then what it keeps."""
    from billflow.api.garbage_collection import OFTEN, set_apart
    from billflow.wiring.workers import workers

    taking = workers(engine)
    set_apart(OFTEN)
    return taking


async def _supervised_worker(*, counts: bool) -> None:
    """Take work as one of several processes, until our standard input ends."""
    from billflow.api.processes import end_of_input
    from billflow.api.worker_processes import WorkerProcess
    from billflow.cli.processes import together
    from billflow.temporal.sdk_metrics import counting_runtime
    from billflow.temporal.worker import run_until, stop_on_signals
    from billflow.wiring.workers import versioned

    # A signal to the whole group, such as ctrl-C, must not end it before the one that counts on it.
    stop_on_signals()
    stop, counted = asyncio.Event(), counting_runtime() if counts else None
    runtime, numbers_at = (counted.runtime, counted.url) if counted else (None, None)
    async with _serving_engine(versioned(session.settings_here(serving=True)), runtime) as engine:
        taking = _taking(engine)
        show(WorkerProcess(engine.client.identity, numbers_at).ready())
        await together(stop, run_until(stop, taking), watch=end_of_input())


async def entering(engine: "Engine", *, promote: bool) -> None:
    """Say whether the version of the workers in *engine* is current until it is; see `VersionService.enter`."""
    if engine.settings.build_id:
        await engine.versions.enter(engine.settings.build_id, promote=promote, notify=show)
    await asyncio.Future()


def api(
    host: Annotated[str | None, typer.Option(help="Where to listen; BILLFLOW_API_HOST where left out.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 is any free port; BILLFLOW_API_PORT where left out.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="How many share the work; BILLFLOW_API_PROCESSES where left out."),
    ] = None,
    ops_port: OpsPort = None,
    socket: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve the HTTP API until SIGTERM or ctrl-C; its pages for people are at /docs."""
    from billflow.api.event_loop import run

    if socket is not None:
        run(_serve_socket(socket))
    else:
        run(_api(host, port, processes, ops_port))


async def _api(host: str | None, port: int | None, processes: int | None, ops_port: int | None) -> None:
    from billflow.api.server import serving
    from billflow.temporal.worker import stop_on_signals
    from billflow.wiring.operations import build_operations

    stop = stop_on_signals()
    settings = session.settings_here(serving=True)
    host, port = host or settings.api_host, settings.api_port if port is None else port
    ops_port = settings.ops_port if ops_port is None else ops_port
    count = processes or settings.api_processes
    async with (
        _serving_engine(settings) as engine,
        _serving_in(count, host, port) if count > 1 else _serving_here(engine, host, port) as (url, exposition),
        serving(build_operations(engine, exposition), settings.ops_host, ops_port) as ops_url,
    ):
        show(f"The API answers at {url}; ctrl-C stops it.")
        _show_operations(ops_url)
        await stop.wait()


def _show_operations(url: str) -> None:
    show(f"For operators {url} answers /healthz, /readyz and /metrics.")


@asynccontextmanager
async def _serving_here(engine: "Engine", host: str, port: int) -> AsyncIterator[tuple[str, "Exposition"]]:
    from billflow.api.garbage_collection import set_apart
    from billflow.api.server import serving
    from billflow.wiring.api import build_api

    app = build_api(engine)
    async with serving(app, host, port) as url:
        set_apart()
        yield url, app.state.metrics.exposition


@asynccontextmanager
async def _serving_in(processes: int, host: str, port: int) -> AsyncIterator[tuple[str, "Exposition"]]:
    from billflow.api.metrics import shared_exposition
    from billflow.api.processes import serving_in

    with TemporaryDirectory(prefix="billflow-api-") as numbers:
        async with serving_in(processes, host, port, numbers) as url:
            yield url, partial(shared_exposition, numbers)


async def _serve_socket(descriptor: int) -> None:
    """Serve a socket that another process listens on, until our standard input ends."""
    from socket import socket

    from billflow.api.garbage_collection import set_apart
    from billflow.api.processes import READY, end_of_input
    from billflow.api.server import serving_at
    from billflow.temporal.worker import stop_on_signals
    from billflow.wiring.api import build_api

    # A signal to the whole group, such as ctrl-C, must not end it before the one that counts on it.
    stop_on_signals()
    async with (
        _serving_engine(session.settings_here(serving=True)) as engine,
        serving_at(build_api(engine), socket(fileno=descriptor)),
    ):
        set_apart()
        show(READY)
        await end_of_input()


def migrate(
    *,
    database_only: Annotated[bool, typer.Option("--database-only", help="Leave Temporal alone.")] = False,
) -> None:
    """Bring the database to the newest version, and Temporal's search attributes and schedules; safe to repeat."""
    from billflow.wiring.store import migrate as upgrade

    settings = session.settings_here()
    upgrade(settings)
    show("The database is at the newest version.")
    if not database_only:
        from billflow.wiring.workers import prepare_temporal

        asyncio.run(prepare_temporal(settings))
        show("Temporal knows the search attributes, the schedules and how fast Stripe may be asked.")


def stripe_emulator(context: typer.Context) -> None:
    """Run a local server that speaks Stripe's API, for development and tests; --help shows its options."""
    from stripe_emulator.__main__ import main

    sys.argv = ["billflow stripe-emulator", *context.args]
    raise typer.Exit(main())
