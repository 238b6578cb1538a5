"""`billflow conformance`: check the domain against a file of cases."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from billflow.cli.output import write_json
from billflow.conformance.report import Report, Verdict
from billflow.conformance.run import run_cases
from billflow.domain.errors import InvalidInput

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2


def conformance(
    file: Annotated[Path, typer.Argument(help="A JSON file of cases.", show_default=False)],
    kind: Annotated[str | None, typer.Option(help="Run only the cases of this kind.", show_default=False)] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Run every case of FILE through the domain and print what differs.

    Exits with 1 where an answer differs, with 2 where the file or a case in it can't be run.

    Example: billflow conformance tests/data/cases.json --kind proration
    """
    try:
        report = run_cases(file, kind)
    except InvalidInput as error:
        if json:
            write_json({"ok": False, "error": {"code": error.code, "message": error.message}})
        Console(stderr=True).print(error.message, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(EXIT_BAD_INPUT) from None
    if json:
        write_json({"ok": report.ok, "total": report.total, "kinds": report.totals, "cases": report.results})
    else:
        print_report(report, Console(soft_wrap=True))
    if not report.ok:
        raise typer.Exit(EXIT_BAD_INPUT if report.has_errors else EXIT_FAILED)


def print_report(report: Report, console: Console) -> None:
    """Print a line per case, its differences below it, and a table of totals."""
    for result in report.results:
        style = "green" if result.verdict is Verdict.PASSED else "red"
        console.print(f"{result.verdict:7}{result.id}", style=style, markup=False, highlight=False)
        for difference in result.differences:
            console.print(f"       {difference}", markup=False, highlight=False)
    console.print(_table(report))


def _table(report: Report) -> Table:
    table = Table("kind")
    for verdict in Verdict:
        table.add_column(verdict, justify="right")
    for kind, total in (*report.totals.items(), ("total", report.total)):
        table.add_row(kind, str(total.passed), str(total.failed), str(total.errors))
    return table
