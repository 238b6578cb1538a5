"""`billflow dry-run`: what every plan will be billed, and what a change would make of it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli.catalog import RepriceHere
from billflow.cli.dry_run_views import ReportFiles, parts, write_files
from billflow.cli.lookup import found, now, org_of
from billflow.cli.output import Output
from billflow.cli.params import moment_option
from billflow.cli.session import Store, on_database
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
    from billflow.domain.rule_change import RuleChange
    from billflow.dry_run.run import DryRun, Progress
    from billflow.models.contracts.catalog_changes import PriceChangeCreate
    from billflow.models.contracts.dry_run import DryRunFilter

_NAMES = {"plan": "plan_id", "customer": "customer_id", "test-clock": "test_clock_id"}
_LOOKED_UP = {"plan": "plan", "customer": "customer", "test-clock": "test clock"}

Until = Annotated[datetime | None, moment_option("Bill up to this moment; a year where left out.")]
CatalogFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Sell by this catalogue.")]
TaxFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Tax by this tax file.")]
DunningFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Collect what is open by this policy.")]
Wheel = Annotated[Path | None, typer.Option(metavar="PATH", help="Bill by the version of billflow in this wheel.")]
Build = Annotated[str | None, typer.Option(metavar="ID", help="Bill by this version, which pip gets: 0.3.0, say.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="Only plans of a tier, schedule, currency, collection-method, customer, plan or test-clock.",
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Keep facts and results here: typed again, the command goes on, or tries more."),
]
Processes = Annotated[int | None, typer.Option(min=1, max=256, help="How many bill at once; one for each core.")]
CsvFile = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write every line that differs.")]
DebtsFile = Annotated[
    Path | None, typer.Option("--debts-csv", metavar="FILE", help="Write every debt that ends otherwise.")
]
HtmlFile = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page to look at.")]


@on_database
async def dry_run(  # noqa: PLR0913  (each is an option)
    store: Store,
    *,
    until: Until = None,
    catalog: CatalogFile = None,
    tax: TaxFile = None,
    reprice: RepriceHere,
    dunning: DunningFile = None,
    wheel: Wheel = None,
    build: Build = None,
    only: Only = None,
    folder: Folder = None,
    processes: Processes = None,
    csv_file: CsvFile = None,
    debts_file: DebtsFile = None,
    html_file: HtmlFile = None,
) -> Output:
    """Bill every plan ahead by the rules of today and by changed ones, and show what differs; nothing is written.

    Seats are taken to stay as they are, and invoices to be paid, but for those that are unpaid now: what dunning makes
    of them is foretold as if they stay so. Prices of plans that run stay too, but for --reprice.
    """
    from billflow.dry_run.report_rows import heading

    org_id = await org_of(store)
    _check_until(until, now())
    wanted, change = await _filter(store, only or []), await _change(store, org_id, (catalog, tax, dunning), reprice)
    with _kept(folder) as place:
        run = await _recorded(store, org_id, wanted, change, place, until, (wheel, build))
        with _shown("billed") as progress:
            await run.run(processes or os.cpu_count() or 1, progress)
        summary = run.results.summary(run.recording)
        title = heading(summary, run.recording.taken_at, run.until)
        write_files(title, summary, run, ReportFiles(csv_file, debts_file, html_file))
    data = {"taken_at": run.recording.taken_at, "until": until, **{one: getattr(summary, one) for one in _fields()}}
    return Output(data, *parts(title, summary))


async def _recorded(  # noqa: PLR0913, PLR0917  (what decides on a run)
    store: Store,
    org_id: str,
    wanted: "DryRunFilter",
    change: "RuleChange",
    place: Path,
    until: datetime | None,
    version: tuple[Path | None, str | None],
) -> "DryRun":
    """Record the facts unless they are there, and return what is to be done with them."""
    from billflow.dry_run.folder import FactsFolder, results_folder
    from billflow.dry_run.run import DryRun

    other, facts = await _other(place, *version), FactsFolder(place / "facts")
    with _shown("read") as progress:
        recording = await store.dry_runs.record(org_id, wanted, facts, now(), progress)
    results = results_folder(place, recording, change, f"{until} {other.name if other else ''}")
    return DryRun(facts=facts, recording=recording, results=results, until=until, other=other)


async def _other(place: Path, wheel: Path | None, build: str | None) -> Path | None:
    """Return where another version can be imported from, None where none is named."""
    from asyncio import to_thread

    from billflow.dry_run.wheel import downloaded, unpacked

    if wheel and build:
        raise InvalidInput("Name either --wheel or --build.", field="build")
    found = await to_thread(downloaded, build, place) if build else wheel
    return unpacked(found, place) if found else None


async def _change(
    store: Store,
    org_id: str,
    files: tuple[Path | None, Path | None, Path | None],
    asked: "PriceChangeCreate | None",
) -> "RuleChange":
    from billflow.models.contracts.catalog import CATALOG_FILE
    from billflow.models.contracts.dry_run import RepriceDocument
    from billflow.models.contracts.dunning_policy import DUNNING_FILE
    from billflow.models.contracts.tax_rates import TAX_FILE

    catalog, tax, dunning = files
    sold, taxed = CATALOG_FILE.read(catalog) if catalog else None, TAX_FILE.read(tax) if tax else None
    collected = DUNNING_FILE.read(dunning) if dunning else None
    repriced = RepriceDocument(**asked.model_dump(exclude={"reason"})) if asked else None
    return await store.dry_runs.change(org_id, sold, taxed, repriced, collected)


def _fields() -> Sequence[str]:
    from dataclasses import fields

    from billflow.dry_run.tally import DryRunSummary

    return [field.name for field in fields(DryRunSummary)]


def _check_until(until: datetime | None, at: datetime) -> None:
    from billflow.domain.moments import check_near

    if until is not None:
        check_near(until, at, "until")


async def _filter(store: Store, typed: Sequence[str]) -> "DryRunFilter":
    """Read what `--only` says; raises `InvalidInput`, or `NotFound` for what there is not."""
    from pydantic import ValidationError

    from billflow.models.contracts.dry_run import DryRunFilter

    wanted: dict[str, str] = {}
    for text in typed:
        name, _, value = text.partition("=")
        if name in _LOOKED_UP and value:
            value = await found(store, _LOOKED_UP[name], value)
        wanted[_NAMES.get(name, name.replace("-", "_"))] = value
    try:
        return DryRunFilter(**wanted)  # type: ignore[arg-type]
    except ValidationError:
        raise InvalidInput(
            f"--only {' '.join(typed)} says nothing that can be looked for; write tier=TIER, schedule=monthly, "
            "currency=EUR, collection-method=send_invoice, customer=ID, plan=ID or test-clock=ID.",
            field="only",
        ) from None


@contextmanager
def _kept(folder: Path | None) -> Iterator[Path]:
    """Yield the folder that is named, or one for this run alone."""
    from tempfile import TemporaryDirectory

    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield folder
        return
    with TemporaryDirectory(prefix="billflow-dry-run-") as name:
        yield Path(name)


@contextmanager
def _shown(done: str) -> "Iterator[Progress]":
    """Show on a terminal how far it has come."""
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield lambda count, total: status.update(f"{count:,} of {total:,} plans {done}")
