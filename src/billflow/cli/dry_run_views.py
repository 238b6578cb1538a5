"""What a dry run shows: causes, months, plans on hold and those that change most; and the files that it writes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from billflow.cli.lookup import short
from billflow.cli.output import Columns, Part, Table
from billflow.cli.output import amount as written
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
    from billflow.dry_run.debts import DebtSummary
    from billflow.dry_run.run import DryRun
    from billflow.dry_run.tally import DryRunSummary

TOTALS: Columns = {
    "Month": lambda one: one.month,
    "Today's rules>": lambda one: written(one.before, one.currency),
    "Changed rules>": lambda one: written(one.after, one.currency),
    "Difference>": lambda one: written(one.difference, one.currency),
}
ON_HOLD: Columns = {
    "Why": lambda one: one.code,
    "Today's rules>": lambda one: one.before,
    "Changed rules>": lambda one: one.after,
}
WORST: Columns = {
    "Plan": lambda one: short(one.plan_id),
    "Customer": lambda one: short(one.customer_id),
    "Tier": lambda one: one.tier,
    "Today's rules>": lambda one: written(one.before, one.currency),
    "Changed rules>": lambda one: written(one.after, one.currency),
    "Difference>": lambda one: written(one.difference, one.currency),
    "Why~": lambda one: ", ".join(one.causes),
}


@dataclass(frozen=True)
class ReportFiles:
    """Where to write what, as far as that is named."""

    lines: Path | None = None
    debts: Path | None = None
    page: Path | None = None


def write_files(title: str, summary: "DryRunSummary", run: "DryRun", files: ReportFiles) -> None:
    """Write all that differs to the files that are named; raises `InvalidInput` where one can't be written."""
    from billflow.csv_lines import csv_lines
    from billflow.dry_run.html_report import page
    from billflow.dry_run.report_rows import COLUMNS, DEBT_COLUMNS, debt_row, rows

    results, recording = run.results, run.recording
    if files.lines:
        lines = (csv_lines(rows(one)) for one in results.differences(recording))
        _write(files.lines, "--csv", (csv_lines([COLUMNS]), *lines))
    if files.debts:
        debts = map(debt_row, results.debt_differences(recording))
        _write(files.debts, "--debts-csv", (csv_lines([DEBT_COLUMNS]), csv_lines(debts)))
    if files.page:
        found = results.differences(recording), results.debt_differences(recording)
        _write(files.page, "--html", page(title, summary, *found))


def _write(target: Path, option: str, parts: Any) -> None:
    try:
        with target.open("w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
    except OSError as error:
        raise InvalidInput(
            f"{target} can't be written ({error.strerror}); name another file with {option}.", code="cannot_write"
        ) from None


def parts(title: str, summary: "DryRunSummary") -> Iterator[Part]:
    """Yield what people are shown."""
    from billflow.dry_run.report_rows import sums

    causes: Mapping[str, Any] = {
        "Why": lambda one: one.cause.value,
        "Plans>": lambda one: f"{one.plans:,}",
        "Difference>": lambda one: sums(one.differences),
    }
    yield title
    if summary.causes:
        yield Table("Why", causes, summary.causes)
    yield Table("Billed by month", TOTALS, summary.totals) if summary.totals else "Nothing is billed up to then."
    if summary.on_hold:
        yield Table("On hold before the end", ON_HOLD, summary.on_hold)
    if summary.worst:
        yield Table("What changes most", WORST, summary.worst)
    if summary.debts.debts:
        yield from _debts(summary.debts)


def _debts(found: "DebtSummary") -> Iterator[Part]:
    from billflow.dry_run.report_rows import action_name, amounts_of

    actions: Columns = {
        "What happens": lambda one: action_name(one.action),
        "Today's policy>": lambda one: f"{one.before:,}",
        "Of>": lambda one: amounts_of(one.amounts_before),
        "Changed policy>": lambda one: f"{one.after:,}",
        "Of >": lambda one: amounts_of(one.amounts_after),
    }
    causes: Columns = {
        "Why": lambda one: one.cause.value,
        "Invoices>": lambda one: f"{one.debts:,}",
        "Amounts>": lambda one: amounts_of(one.amounts),
    }
    if found.actions:
        yield Table("Unpaid invoices, if nothing of them is paid", actions, found.actions)
    if found.causes:
        yield Table("Something else becomes of", causes, found.causes)
