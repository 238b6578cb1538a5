"""The commands that production runs: worker, api and migrate; and the Stripe stand-in for tests."""

import asyncio
import sys
from typing import Annotated

import typer

from billflow.cli import session
from billflow.cli.output import say


def worker() -> None:
    """Run a worker for every task queue until SIGTERM or ctrl-C; running activities get 30 seconds to finish."""
    asyncio.run(_worker())


async def _worker() -> None:
    from billflow.temporal.worker import run_until, stop_on_signals
    from billflow.wiring import ensure_schedules, open_engine, workers

    stop = stop_on_signals()
    async with open_engine(session.settings_here(serving=True)) as engine:
        await ensure_schedules(engine)
        say("Taking work; ctrl-C or SIGTERM ends it.")
        await run_until(stop, workers(engine))


def api(
    host: Annotated[str | None, typer.Option(help="Where to listen; BILLFLOW_API_HOST where left out.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 is any free port; BILLFLOW_API_PORT where left out.")
    ] = None,
) -> None:
    """Serve the HTTP API until SIGTERM or ctrl-C; its pages for people are at /docs."""
    asyncio.run(_api(host, port))


async def _api(host: str | None, port: int | None) -> None:
    from billflow.api.server import serving
    from billflow.temporal.worker import stop_on_signals
    from billflow.wiring import build_api, open_engine

    stop = stop_on_signals()
    settings = session.settings_here(serving=True)
    async with (
        open_engine(settings) as engine,
        serving(build_api(engine), host or settings.api_host, settings.api_port if port is None else port) as url,
    ):
        say(f"The API answers at {url}; ctrl-C stops it.")
        await stop.wait()


def migrate(
    *,
    database_only: Annotated[
        bool, typer.Option("--database-only", help="Leave Temporal's search attributes alone.")
    ] = False,
) -> None:
    """Bring the database to the newest version and register the search attributes; safe to repeat."""
    from billflow.wiring import migrate as upgrade

    upgrade(session.settings_here())
    say("The database is at the newest version.")
    if not database_only:
        asyncio.run(_register_search_attributes())
        say("Temporal knows the search attributes.")


async def _register_search_attributes() -> None:
    from billflow.temporal import search_attributes
    from billflow.temporal.client import connect

    await search_attributes.ensure(await connect())


def stripe_stand_in(context: typer.Context) -> None:
    """Run a local server that speaks Stripe's API, for development and tests; --help shows its options."""
    from stripe_stand_in.__main__ import main

    sys.argv = ["billflow stripe-stand-in", *context.args]
    raise typer.Exit(main())
