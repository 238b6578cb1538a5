"""`billflow demo --story migration`: sixteen organizations move in from subscriptions at Stripe."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stripe
from pydantic import SecretStr

from billflow.api import event_loop
from billflow.demo.environment import (
    demo_console,
    demo_key,
    demo_links,
    demo_settings,
    unless_stopped,
    webhook_address,
)
from billflow.demo.examples import DEFAULT, example_named
from billflow.demo.migration.afterwards import add_up, bill_to_the_end
from billflow.demo.migration.cutover import cut_over
from billflow.demo.migration.history import counted, live_two_years
from billflow.demo.migration.move import move_in
from billflow.demo.migration.old_account import OldAccount
from billflow.demo.migration.old_plans import old_plans
from billflow.demo.migration.proved import prove
from billflow.demo.migration.report import MigrationReport
from billflow.demo.migration.run import MigrationRun
from billflow.demo.migration.side_by_side import run_in_parallel
from billflow.demo.migration.two_years import Owner
from billflow.demo.migration.typed import Typist
from billflow.demo.scenario_run import DemoEnvironment
from billflow.demo.seats_csv import read_seats
from billflow.demo.services import demo_services
from billflow.dev.cores import worker_processes
from billflow.dev.stack import Stack, running_stack
from billflow.models.contracts.stripe_event_types import HANDLED_TYPES
from billflow.payments.client import stripe_client
from billflow.settings import Settings
from billflow.temporal.worker import stop_on_signals
from billflow.wiring.store import migrate, required


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationOptions:
    """What to run: the first *only* organizations, for scripts, and whether everything is left up."""

    only: int | None = None
    keep: bool = False
    as_json: bool = False
    processes: int | None = None


def run_migration(options: MigrationOptions) -> int:
    """Run it and return the exit code: 0 where everything is as it must be, 1 where it is not."""
    return event_loop.run(_run(options))


async def _run(options: MigrationOptions) -> int:
    report, stop = MigrationReport(demo_console(stderr=options.as_json)), stop_on_signals()
    with tempfile.TemporaryDirectory(prefix="billflow-migration-") as folder:
        async with _running(options, report, stop, Path(folder)) as (run, stack):
            await unless_stopped(stop, _chapters(run))
            if options.as_json:
                print(json.dumps(report.data()))  # noqa: T201  (what a script reads)
            if options.keep:
                _show_links(run, stack)
                await stop.wait()
    return 1 if report.differences else 0


@asynccontextmanager
async def _running(
    options: MigrationOptions, report: MigrationReport, stop: asyncio.Event, folder: Path
) -> AsyncIterator[tuple[MigrationRun, Stack]]:
    """Run the servers, live through the years before billflow, and start it."""
    example = example_named(DEFAULT)
    owners = old_plans(read_seats(example.folder / str(example.file.seats)).organizations, options.only)
    # Whatever key of Stripe's is in the environment: the past is the emulator's.
    emulated = demo_settings().model_copy(update={"stripe_api_key": None, "stripe_api_base": None})
    async with running_stack(emulated, keep=False) as stack:
        key = required(stack.settings.stripe_api_key, "STRIPE_API_KEY")
        async with stripe_client(key, stack.settings.stripe_api_base) as client:
            account = await unless_stopped(stop, _past(client, owners, report, stack.settings))
            settings = await _with_webhooks(account, stack.settings)
            async with demo_services(settings, stack.temporal_address, options.processes or worker_processes()) as env:
                typist = Typist(folder, await _variables(env, stack, settings), report)
                yield MigrationRun(owners, account, env, typist, report), stack


async def _past(
    client: stripe.StripeClient, owners: Sequence[Owner], report: MigrationReport, settings: Settings
) -> OldAccount:
    """Live through the years at the old system, while our database is made ready."""
    account, _ = await asyncio.gather(live_two_years(client, owners, report), asyncio.to_thread(migrate, settings))
    return account


async def _chapters(run: MigrationRun) -> None:
    await move_in(run)
    await run_in_parallel(run)
    await cut_over(run)
    await bill_to_the_end(run)
    await add_up(run)
    await prove(run)
    _conclude(run)


def _conclude(run: MigrationRun) -> None:
    report, periods = run.report, counted(len(run.owners), "organization")
    report.verdict(f"{periods} moved from Stripe to billflow: {counted(len(report.differences), 'difference')}.")


def _show_links(run: MigrationRun, stack: Stack) -> None:
    settings, console = run.env.engine.settings, run.report.console
    for name, url in demo_links(stack, settings, run.typist.variables["BILLFLOW_API_KEY"]).items():
        console.print(f"{name}: {url}", highlight=False)
    console.print("Everything stays up until ctrl-C.")


async def _with_webhooks(account: OldAccount, settings: Settings) -> Settings:
    """Let Stripe notify billflow of what happens from now on."""
    asked: Any = {"url": webhook_address(settings), "enabled_events": [*HANDLED_TYPES]}
    made = await account.client.v1.webhook_endpoints.create_async(asked)
    return settings.model_copy(update={"stripe_webhook_secret": SecretStr(str(made.secret))})


async def _variables(env: DemoEnvironment, stack: Stack, settings: Settings) -> dict[str, str]:
    """Return the variables that point commands at the demo's servers."""
    api = webhook_address(settings).partition("/api/")[0]
    here = {"BILLFLOW_API_URL": api, "BILLFLOW_API_KEY": await demo_key(env), "BILLFLOW_ORG": str(settings.org)}
    return {**stack.environment(), **here}
