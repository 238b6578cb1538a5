"""The demo: real organizations billed for eight years on real servers, every cent of it recomputed."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from billflow.api import event_loop
from billflow.demo.accounts import report_on, worth_explaining
from billflow.demo.environment import ORG, demo_console, demo_environment, demo_key, demo_links, unless_stopped
from billflow.demo.examples import DEFAULT, Example, example_named
from billflow.demo.product import Product, running_product
from billflow.demo.report import CustomerReport, Findings, show_bad_rows, show_findings, years_progress
from billflow.demo.scenario import Scenario, scenarios
from billflow.demo.scenario_run import DemoEnvironment, DemoResult, run_scenario
from billflow.demo.seats_csv import read_seats
from billflow.dev.cores import worker_processes
from billflow.dev.stack import Stack
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.catalog import CATALOG_FILE, CatalogDocument
from billflow.models.contracts.customers import ChangeContext
from billflow.temporal.worker import stop_on_signals


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
    console = demo_console(stderr=options.as_json)
    example = _example(options)
    document = CATALOG_FILE.read(options.catalog) if options.catalog else example.document()
    wanted = _scenarios(options, example, document, console)
    stop, change = stop_on_signals(), ChangeContext(actor=ORG, at=datetime.now(UTC))
    async with (
        demo_environment(options.processes or worker_processes()) as (here, stack),
        _product(here, example, change) as product,
    ):
        env = replace(here, product=product, together=asyncio.Barrier(max(1, len(wanted))))
        await _sell(env, example, document, change)
        ended = await unless_stopped(stop, _run_all(env, wanted, console))
        findings = await _findings(env, ended, stack, key=await demo_key(env) if options.keep else None)
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


async def _sell(env: DemoEnvironment, example: Example, document: CatalogDocument, change: ChangeContext) -> None:
    """Write down what is sold, by whom, with which coupons and how it is taxed."""
    from billflow.wiring.store import sell_as_example  # noqa: PLC0415  (imported while servers started)

    repositories = env.engine.repositories
    await repositories.catalogs.apply(env.org_id, document, change)
    if sold_by := example.seller():
        seller, logo = sold_by
        await repositories.sellers.apply(env.org_id, seller, change, logo)
    await sell_as_example(repositories.sellers, env.org_id)
    if tax := example.tax():
        await repositories.taxes.apply(env.org_id, tax, change)
    for coupon in example.file.coupon:
        await repositories.coupons.create(env.org_id, coupon, change)


@asynccontextmanager
async def _product(env: DemoEnvironment, example: Example, change: ChangeContext) -> AsyncIterator[Product | None]:
    """Start the product of an example that seats are pulled from."""
    if example.file.seat_source is None:
        yield None
        return
    path = example.folder / example.file.seat_source
    async with running_product(env.engine, env.org_id, path, change) as product:
        yield product


async def _run_all(
    env: DemoEnvironment, wanted: Sequence[Scenario], console: Console
) -> list[tuple[DemoResult, CustomerReport]]:
    """Run all scenarios at once; the accounts of one that has ended are compared while others still run."""
    with years_progress(console) as progress:

        async def run(scenario: Scenario) -> tuple[DemoResult, CustomerReport]:
            name, starts_at = scenario.organization.name, scenario.starts_at
            total = (scenario.ends_at - starts_at).total_seconds()
            bar = progress.add_task(name, total=total, summary=scenario.description, reached=starts_at)

            def reached(at: datetime) -> None:
                progress.update(bar, completed=(at - starts_at).total_seconds(), reached=at)

            result = await run_scenario(env, scenario, reached)
            return result, await report_on(env, result)

        async with asyncio.TaskGroup() as running:
            tasks = [running.create_task(run(scenario)) for scenario in wanted]
    return [task.result() for task in tasks]


async def _findings(
    env: DemoEnvironment, ended: Sequence[tuple[DemoResult, CustomerReport]], stack: Stack, key: str | None
) -> Findings:
    explained = await worth_explaining(env, [result for result, _ in ended])
    return Findings(tuple(report for _, report in ended), explained, demo_links(stack, env.engine.settings, key))
