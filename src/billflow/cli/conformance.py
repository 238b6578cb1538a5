"""`billflow conformance`: check the domain against a file of cases."""

import json as jsonlib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

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
            typer.echo(jsonlib.dumps({"ok": False, "error": {"code": error.code, "message": error.message}}, indent=2))
        Console(stderr=True).print(error.message, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(EXIT_BAD_INPUT) from None
    if json:
        typer.echo(jsonlib.dumps(as_json(report), indent=2))
    else:
        print_report(report, Console(soft_wrap=True))
    if not report.ok:
        raise typer.Exit(EXIT_BAD_INPUT if report.has_errors else EXIT_FAILED)


def as_json(report: Report) -> dict[str, object]:
    """Return the report as plain data: every case, and the totals per kind and of all."""
    return {
        "ok": report.ok,
        "total": _counts(report.total.passed, report.total.failed, report.total.errors),
        "kinds": {kind: _counts(t.passed, t.failed, t.errors) for kind, t in report.totals.items()},
        "cases": [
            {"id": r.id, "kind": r.kind, "verdict": r.verdict, "differences": list(r.differences)}
            for r in report.results
        ],
    }


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


def _counts(passed: int, failed: int, errors: int) -> dict[str, int]:
    return {"passed": passed, "failed": failed, "errors": errors}
