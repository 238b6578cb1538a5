"""What a dry run shows: causes, months, plans on hold and those that change most; and the files that it writes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from billflow.cli.lookup import short
from billflow.cli.output import Columns, Part, Table, time
from billflow.cli.output import amount as written
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
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


def title(summary: "DryRunSummary", run: "DryRun") -> str:
    """Say what was billed, and of how many plans it would be otherwise."""
    span = f"up to {time(run.until)}" if run.until else "for a year"
    taken = f"as they were at {time(run.recording.taken_at)}"
    return f"{summary.plans:,} plans, {taken}, billed {span}: {summary.different:,} would be billed otherwise."


def write_files(
    heading: str, summary: "DryRunSummary", run: "DryRun", csv_file: Path | None, html_file: Path | None
) -> None:
    """Write every line that differs to the files that are named; raises `InvalidInput` where one can't be written."""
    from billflow.csv_lines import csv_lines
    from billflow.dry_run.html_report import page
    from billflow.dry_run.report_rows import COLUMNS, rows

    if csv_file:
        lines = (csv_lines(rows(one)) for one in run.results.differences(run.recording))
        _write(csv_file, "--csv", (csv_lines([COLUMNS]), *lines))
    if html_file:
        _write(html_file, "--html", page(heading, summary, run.results.differences(run.recording)))


def _write(target: Path, option: str, parts: Any) -> None:
    try:
        with target.open("w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
    except OSError as error:
        raise InvalidInput(
            f"{target} can't be written ({error.strerror}); name another file with {option}.", code="cannot_write"
        ) from None


def parts(heading: str, summary: "DryRunSummary") -> Iterator[Part]:
    """Yield what people are shown."""
    from billflow.dry_run.report_rows import sums

    causes: Mapping[str, Any] = {
        "Why": lambda one: one.cause.value,
        "Plans>": lambda one: f"{one.plans:,}",
        "Difference>": lambda one: sums(one.differences),
    }
    yield heading
    if summary.causes:
        yield Table("Why", causes, summary.causes)
    yield Table("Billed by month", TOTALS, summary.totals)
    if summary.on_hold:
        yield Table("On hold before the end", ON_HOLD, summary.on_hold)
    if summary.worst:
        yield Table("What changes most", WORST, summary.worst)
