"""`billflow import`: moving in from another billing system."""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billflow.cli.errors import EXIT_REFUSED
from billflow.cli.files import write_file
from billflow.cli.output import Output, Part, Table
from billflow.cli.session import Api, CommandGroup, settings_here

if TYPE_CHECKING:
    from billflow.imports.bundles import Bundles
    from billflow.imports.report import ImportReport
    from billflow.models.contracts.imports import CustomerImport
    from billflow.settings import Settings

app = CommandGroup()

BATCH = 20
"""How many customers one request brings."""

SHOWN = 20
"""How many refused rows people are shown; the report has them all."""

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Its files are named customers, plans, …")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; say of every record whether it can be taken.")]
SkipRefused = Annotated[bool, typer.Option("--skip-refused", help="Take what can be taken, whatever is refused.")]
Report = Annotated[Path | None, typer.Option(metavar="FILE", help="Write what became of each record: .json or .csv.")]
TestClock = Annotated[str | None, typer.Option(metavar="ID", help="Let the plans live on this test clock.")]

ParallelRun = Annotated[
    bool, typer.Option("--parallel-run", help="Let the old system go on to bill the plans, and compare.")
]

Objects = Annotated[Path, typer.Argument(metavar="FOLDER", help="What was read or exported, as JSON lines.")]
ReadFirst = Annotated[bool, typer.Option("--read", help="Read the account of STRIPE_API_KEY into the folder first.")]
StripeTestClock = Annotated[
    str | None, typer.Option(metavar="ID", help="Read what is on this test clock of Stripe's, and nothing else.")
]
MapFile = Annotated[Path | None, typer.Option("--map", metavar="FILE", help="Which tier each price is.")]

REFUSED = {
    "Where": lambda row: f"{row['file']}:{row['line']}" if row["file"] else row["kind"],
    "Record": lambda row: row["external_id"] or "-",
    "Reason": lambda row: row["code"],
    "~": lambda row: row["message"],
}


@app.on_api("import csv ./old --check", "import csv ./old --skip-refused --report report.csv", name="csv")
def csv_(  # noqa: PLR0913  (each is an option)
    api: Api,
    folder: Folder,
    *,
    check: Check = False,
    skip_refused: SkipRefused = False,
    report: Report = None,
    test_clock: TestClock = None,
    parallel_run: ParallelRun = False,
) -> Output:
    """Import a folder of CSV files: customers, plans, ledger, seats and invoices.

    Everything is checked first. Where a record can't be taken nothing is written, unless refused ones are to be
    skipped. Typed again it takes what is new.
    """
    from billflow.imports.files import CSV

    how = {"test_clock_id": test_clock, "parallel_run": parallel_run}
    return _imported(api, folder, CSV, check=check, skip_refused=skip_refused, report=report, how=how)


@app.on_api("import json ./old --check", name="json")
def json_(  # noqa: PLR0913  (each is an option)
    api: Api,
    folder: Folder,
    *,
    check: Check = False,
    skip_refused: SkipRefused = False,
    report: Report = None,
    test_clock: TestClock = None,
    parallel_run: ParallelRun = False,
) -> Output:
    """Import a folder of JSON lines, or of JSON lists, as `import csv` does."""
    from billflow.imports.files import JSON

    how = {"test_clock_id": test_clock, "parallel_run": parallel_run}
    return _imported(api, folder, JSON, check=check, skip_refused=skip_refused, report=report, how=how)


@app.on_api(
    "import stripe ./read --read --map prices.toml --check", "import stripe ./read --map prices.toml", name="stripe"
)
def stripe_(  # noqa: PLR0913  (each is an option)
    api: Api,
    folder: Objects,
    *,
    read: ReadFirst = False,
    stripe_test_clock: StripeTestClock = None,
    map_file: MapFile = None,
    check: Check = False,
    skip_refused: SkipRefused = False,
    report: Report = None,
    test_clock: TestClock = None,
    parallel_run: ParallelRun = False,
) -> Output:
    """Import an account at Stripe: customers, balances, coupons, cards, subscriptions, schedules and invoices.

    Reading goes on where it broke off; what is in the folder is not read again.
    """
    from billflow.imports.price_map import read_price_map
    from billflow.imports.stripe_objects import load_objects
    from billflow.imports.stripe_rows import bundle_stripe

    prices = read_price_map(map_file)
    if read:
        from billflow.wiring.imports import read_stripe

        read_with_progress(lambda settings, progress: read_stripe(settings, folder, stripe_test_clock, progress))
    bundles = bundle_stripe(load_objects(folder), prices)
    how = {"test_clock_id": test_clock, "parallel_run": parallel_run}
    return take(api, bundles, check=check, skip_refused=skip_refused, report=report, how=how)


def read_with_progress(reading: "Callable[[Settings, Callable[[str, int], None]], Coroutine[Any, Any, None]]") -> None:
    """Read something of the account of STRIPE_API_KEY, and show on a terminal how far that is."""
    import asyncio

    from rich.console import Console

    with Console(stderr=True).status("") as status:

        def progress(kind: str, count: int) -> None:
            status.update(f"{count:,} {kind.replace('_', ' ')} read")

        asyncio.run(reading(settings_here(), progress))


def _imported(api: Api, folder: Path, endings: tuple[str, ...], **options: Any) -> Output:
    from billflow.imports.bundles import bundle
    from billflow.imports.files import read_folder

    return take(api, bundle(read_folder(folder, endings)), **options)


def take(  # noqa: PLR0913  (each is an option)
    api: Api, bundles: "Bundles", *, check: bool, skip_refused: bool, report: Path | None, how: dict[str, Any]
) -> Output:
    """Check all customers, take them where nothing stands against it, and say what became of each record.

    *how* is what each request says beside its customers.
    """
    from billflow.imports.report import ImportReport

    found = ImportReport()
    found.add_refused(bundles)
    with shown("checked") as progress:
        checking = {**how, "check": True}
        found.add_answered(_asked(api, bundles.customers, progress, checking), bundles)
        found.add_partial(_asked(api, bundles.partial, progress, checking))
    if not check and (skip_refused or not found.refusals):
        checked, found = found, ImportReport(written=True)
        found.add_refused(bundles)
        with shown("imported") as progress:
            found.add_answered(_asked(api, bundles.customers, progress, {**how, "check": False}), bundles)
        found.add_partial(checked.refusals)
    if report is not None:
        write_file(report, found.text_for(report).encode(), "--report")
    return _output(found, check=check)


def _asked(
    api: Api, asked: "dict[str, CustomerImport]", progress: Callable[[int, int], None], how: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    customers = list(asked.values())
    for begin in range(0, len(customers), BATCH):
        part = [one.model_dump(mode="json", exclude_unset=True) for one in customers[begin : begin + BATCH]]
        yield from api.write("POST", "/imports", {"customers": part, **how})["records"]
        progress(begin + len(part), len(customers))


def _output(found: "ImportReport", *, check: bool) -> Output:
    refused = found.refusals
    parts: list[Part] = [found.sentence]
    if refused:
        more = f", {SHOWN} shown" if len(refused) > SHOWN else ""
        parts.append(Table(f"Refused: {len(refused)}{more}", REFUSED, refused[:SHOWN]))
        if not check and not found.written:
            parts.append("Correct these records, or take the others with --skip-refused.")
    return Output(found.data(), *parts, error=typer.Exit(EXIT_REFUSED) if refused else None)


@contextmanager
def shown(done: str) -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how far it has come."""
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield lambda count, total: status.update(f"{count:,} of {total:,} customers {done}")
