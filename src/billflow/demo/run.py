"""The demo: real organizations billed for eight years on real servers, every cent of it recomputed."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from rich.console import Console

from billflow.api import event_loop
from billflow.api.garbage_collection import set_apart
from billflow.api.server import serving
from billflow.api.worker_processes import working_in
from billflow.demo.accounts import report_on, worth_explaining
from billflow.demo.examples import DEFAULT, Example, example_named
from billflow.demo.product import Product, running_product
from billflow.demo.report import Findings, show_bad_rows, show_findings, years_progress
from billflow.demo.scenario import Scenario, scenarios
from billflow.demo.scenario_run import DemoEnvironment, DemoResult, run_scenario
from billflow.demo.seats_csv import read_seats
from billflow.dev.cores import worker_processes
from billflow.dev.ports import LOOPBACK, free_port
from billflow.dev.stack import Stack, running_stack
from billflow.domain.dunning import DunningPolicy
from billflow.domain.errors import InvalidInput
from billflow.domain.scopes import Scope
from billflow.models.contracts.access import NewApiKey
from billflow.models.contracts.catalog import CATALOG_FILE, CatalogDocument
from billflow.models.contracts.customers import ChangeContext
from billflow.settings import environment_of, load_settings
from billflow.telemetry.logging import configure_logging
from billflow.temporal.worker import run_until, stop_on_signals
from billflow.wiring.api import build_api
from billflow.wiring.engine import Engine, open_engine
from billflow.wiring.store import migrate, sell_as_example
from billflow.wiring.workers import workers

ORG = "demo"
WEBHOOKS = "/api/v1/webhooks/stripe"
WIDTH = 140
NO_SUSPENSION = DunningPolicy(suspend_customer=False, end_plan_after_days=None)
"""Nobody is suspended here: a card that is declined for months shows how open invoices are paid late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What to run: an example, or a CSV and a catalogue of one's own; the first *only* customers, *until* a day.

    *keep* leaves everything up. *processes* are the worker's, None for as many as this machine has cores for.
    """

    example: str | None = None
    csv: Path | None = None
    catalog: Path | None = None
    keep: bool = False
    only: int | None = None
    until: datetime | None = None
    as_json: bool = False
    processes: int | None = None


def run_demo(options: DemoOptions) -> int:
    """Run the demo and return the exit code: 0 where all accounts agree, 1 where they differ."""
    return event_loop.run(_run(options))


async def _run(options: DemoOptions) -> int:
    console = _console(stderr=options.as_json)
    example = _example(options)
    document = CATALOG_FILE.read(options.catalog) if options.catalog else example.document()
    wanted = _scenarios(options, example, document, console)
    stop, change = stop_on_signals(), ChangeContext(actor=ORG, at=datetime.now(UTC))
    async with (
        _environment(options.processes or worker_processes()) as (here, stack),
        _product(here, example, change) as product,
    ):
        env = replace(here, product=product, together=asyncio.Barrier(max(1, len(wanted))))
        await env.engine.repositories.catalogs.apply(env.org_id, document, change)
        if sold_by := example.seller():
            seller, logo = sold_by
            await env.engine.repositories.sellers.apply(env.org_id, seller, change, logo)
        await sell_as_example(env.engine.repositories.sellers, env.org_id)
        if tax := example.tax():
            await env.engine.repositories.taxes.apply(env.org_id, tax, change)
        for coupon in example.file.coupon:
            await env.engine.repositories.coupons.create(env.org_id, coupon, change)
        results = await _until(stop, _run_all(env, wanted, console))
        findings = await _findings(env, results, stack, key=await _key(env) if options.keep else None)
        if options.as_json:
            print(json.dumps(findings.as_json()))  # noqa: T201  (what a script reads)
        else:
            show_findings(console, findings, kept=options.keep)
        if options.keep:
            await stop.wait()
    return 1 if findings.differences else 0


def _example(options: DemoOptions) -> Example:
    if options.example and (options.csv or options.catalog):
        raise InvalidInput(
            "An example has customers and a catalogue; leave out --example, or --csv and --catalog.", field="example"
        )
    return example_named(options.example or DEFAULT)


def _scenarios(
    options: DemoOptions, example: Example, document: CatalogDocument, console: Console
) -> Sequence[Scenario]:
    csv, until = options.csv, options.until
    if csv is None:
        until = until or example.file.ends_at
        if example.file.seats is None:
            return example.scenarios(options.only, until)
        csv = example.folder / example.file.seats
    seats = read_seats(csv)
    show_bad_rows(console, seats.bad_rows)
    return scenarios(seats.organizations[: options.only], document.checked(), until)


@asynccontextmanager
async def _product(env: DemoEnvironment, example: Example, change: ChangeContext) -> AsyncIterator[Product | None]:
    """Start the product of an example that seats are pulled from."""
    if example.file.seat_source is None:
        yield None
        return
    path = example.folder / example.file.seat_source
    async with running_product(env.engine, env.org_id, path, change) as product:
        yield product


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr)
    # A pipe has no width of its own, and a log is no place for a table cut short.
    return console if console.is_terminal else Console(stderr=stderr, width=WIDTH)


@asynccontextmanager
async def _environment(processes: int) -> AsyncIterator[tuple[DemoEnvironment, Stack]]:
    """Start the stack with a worker and the API, and an organization of its own for the demo."""
    settings = load_settings()
    configure_logging(settings.log_format, "error")
    own = {"api_port": free_port(), "webhook_private_addresses": True, "org": ORG, "log_level": "error", "build_id": ""}
    settings = settings.model_copy(update=own)
    webhook_url = f"http://{LOOPBACK}:{settings.api_port}{WEBHOOKS}"
    async with running_stack(settings, keep=False, webhook_url=webhook_url) as stack:
        await asyncio.to_thread(migrate, stack.settings)
        async with (
            open_engine(stack.settings, stack.temporal_address) as engine,
            serving(build_api(engine), LOOPBACK, settings.api_port),
            _working_apart(stack, processes) if processes > 1 else _working_here(engine),
        ):
            set_apart()
            org_id = await engine.repositories.organizations.ensure(ORG)
            await engine.repositories.dunning.set_policy(org_id, NO_SUSPENSION)
            yield DemoEnvironment(engine, org_id, run=uuid4().hex[:6]), stack


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
async def _working_apart(stack: Stack, processes: int) -> AsyncIterator[None]:
    temporal = {"TEMPORAL_ADDRESS": stack.temporal_address} if stack.temporal_address else {}
    with TemporaryDirectory(prefix="billflow-demo-") as numbers:
        async with working_in(processes, numbers, environment_of(stack.settings) | temporal, counts=False):
            yield


async def _run_all(env: DemoEnvironment, wanted: Sequence[Scenario], console: Console) -> list[DemoResult]:
    with years_progress(console) as progress:

        async def run(scenario: Scenario) -> DemoResult:
            name, starts_at = scenario.organization.name, scenario.starts_at
            total = (scenario.ends_at - starts_at).total_seconds()
            bar = progress.add_task(name, total=total, summary=scenario.description, reached=starts_at)

            def reached(at: datetime) -> None:
                progress.update(bar, completed=(at - starts_at).total_seconds(), reached=at)

            return await run_scenario(env, scenario, reached)

        async with asyncio.TaskGroup() as running:
            tasks = [running.create_task(run(scenario)) for scenario in wanted]
    return [task.result() for task in tasks]


async def _until(stop: asyncio.Event, work: Coroutine[None, None, list[DemoResult]]) -> list[DemoResult]:
    """Return the results; ctrl-C ends the work early."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        await asyncio.wait({working})
        raise KeyboardInterrupt
    return working.result()


async def _key(env: DemoEnvironment) -> str:
    new = NewApiKey(name="demo", mode=env.engine.mode, scopes=frozenset(Scope))
    change = ChangeContext(actor="demo", at=datetime.now(UTC))
    return (await env.engine.repositories.api_keys.create(env.org_id, new, change)).text.get_secret_value()


async def _findings(env: DemoEnvironment, results: Sequence[DemoResult], stack: Stack, key: str | None) -> Findings:
    reports = [await report_on(env, result) for result in results]
    explained = await worth_explaining(env, results)
    links = {
        "Temporal Web UI": stack.temporal_ui_url,
        "Stripe emulator": stack.settings.stripe_api_base,
        "API": f"http://{LOOPBACK}:{stack.settings.api_port}/docs",
        "API key": key,
    }
    return Findings(tuple(reports), explained, {name: url for name, url in links.items() if url})
