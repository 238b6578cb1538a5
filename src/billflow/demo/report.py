"""What the demo prints: a row per customer, the totals, one invoice explained, and the verdict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from billflow.demo.seats_csv import BadRow
from billflow.domain.currencies import format_amount
from billflow.domain.invoicing.draft import NOT_TAXED
from billflow.domain.invoicing.explain import explain
from billflow.models.contracts.records import InvoiceDetail

SHOWN_BAD_ROWS = 10


@dataclass(frozen=True, slots=True)
class TaxedInvoice:
    """An invoice as it is taxed: its day in UTC, the net amount, the tax, and the total, in minor units."""

    day: str
    net: int
    tax: int
    total: int

    @classmethod
    def of(cls, invoice: InvoiceDetail) -> Self:
        """Return what is taxed of an invoice."""
        net = sum(line.amount for line in invoice.lines if line.kind not in NOT_TAXED)
        return cls(f"{invoice.issued_at:%Y-%m-%d}", net, sum(one.tax for one in invoice.taxes), invoice.total)


@dataclass(frozen=True, slots=True)
class CustomerReport:
    """What one customer's years came to; amounts in minor units of `currency`.

    `open` is what is still to be paid, `refunded` what was given back to a card, `differences` what the three accounts
    of its invoices do not agree on, `taxed` its invoices with their tax.
    """

    name: str
    description: str
    plans: int
    cycles: int
    invoices: int
    lines: int
    total: int
    paid: int
    open: int
    refunded: int
    currency: str
    differences: tuple[str, ...] = ()
    taxed: tuple[TaxedInvoice, ...] = ()


def years_progress(console: Console) -> Progress:
    """Return a bar for each customer, from its first day to its last; shown on a terminal, silent elsewhere."""
    return Progress(
        TextColumn("{task.description:<20}"),
        TextColumn("{task.fields[summary]:<36}", style="dim"),
        BarColumn(),
        TextColumn("{task.fields[reached]:%Y-%m-%d}"),
        TimeElapsedColumn(),
        console=console,
    )


def customer_table(reports: Sequence[CustomerReport]) -> Table:
    """Return a table with a row per customer and the totals below."""
    table = Table(title="What the years came to", title_justify="left", show_footer=True)
    for heading, footer in _columns(reports):
        text = heading in ("Customer", "What it does")
        table.add_column(heading, footer, justify="left" if text else "right", no_wrap=heading != "What it does")
    for report in reports:
        table.add_row(
            report.name,
            report.description,
            *(f"{count:,}" for count in (report.cycles, report.invoices, report.lines)),
            *(format_amount(amount, report.currency) for amount in (report.total, report.paid, report.open)),
            f"{len(report.differences)}",
        )
    return table


def _columns(reports: Sequence[CustomerReport]) -> Iterable[tuple[str, str]]:
    yield "Customer", f"{len(reports)} customers"
    yield "What it does", ""
    for heading in ("cycles", "invoices", "lines"):
        yield heading.capitalize(), f"{sum(getattr(report, heading) for report in reports):,}"
    for heading in ("total", "paid", "open"):
        yield heading.capitalize(), "\n".join(_sums(reports, heading))
    yield "Differences", f"{sum(len(report.differences) for report in reports)}"


def _sums(reports: Sequence[CustomerReport], heading: str) -> Iterable[str]:
    for currency in sorted({report.currency for report in reports}):
        mine = (getattr(report, heading) for report in reports if report.currency == currency)
        yield format_amount(sum(mine), currency)


def show_bad_rows(console: Console, bad_rows: Sequence[BadRow]) -> None:
    """Name the rows that were left out, by line and reason."""
    for row in bad_rows[:SHOWN_BAD_ROWS]:
        console.print(f"line {row.line} is left out: {row.reason}", style="yellow", markup=False, highlight=False)
    if len(bad_rows) > SHOWN_BAD_ROWS:
        console.print(f"... and {len(bad_rows) - SHOWN_BAD_ROWS} more lines", style="yellow")


@dataclass(frozen=True, slots=True)
class Findings:
    """What the demo found: a report per customer, an invoice worth explaining, where to look around."""

    reports: tuple[CustomerReport, ...]
    explained: InvoiceDetail | None
    links: Mapping[str, str]

    @property
    def differences(self) -> list[tuple[str, str]]:
        """Return every difference with its customer."""
        return [(report.name, difference) for report in self.reports for difference in report.differences]

    def as_json(self) -> dict[str, object]:
        """Return the findings as plain data."""
        return {
            "customers": [asdict(report) for report in self.reports],
            "differences": len(self.differences),
            "links": dict(self.links),
        }


def show_findings(console: Console, findings: Findings, *, kept: bool) -> None:
    """Print the table, one invoice explained line by line, the links and the verdict."""
    console.print(customer_table(findings.reports))
    if findings.explained:
        _show_explained(console, findings.explained)
    for name, url in findings.links.items():
        console.print(f"{name}: {url}", highlight=False)
    console.print("Everything stays up until ctrl-C." if kept else "Stay and look around with: make demo ARGS=--keep")
    _show_verdict(console, findings)


def _show_explained(console: Console, invoice: InvoiceDetail) -> None:
    amount = format_amount(invoice.total, invoice.currency)
    console.print(f"\nInvoice {invoice.number} of {invoice.issued_at:%Y-%m-%d}, {amount}, line by line:", style="bold")
    for line in invoice.lines:
        told = explain(line.line, invoice.currency)
        console.print(f"  {line.n}. {told.sentence}", highlight=False, markup=False)
    console.print()


def _show_verdict(console: Console, findings: Findings) -> None:
    for name, difference in findings.differences:
        console.print(f"{name}: {difference}", style="red", markup=False)
    invoices = sum(report.invoices for report in findings.reports)
    verdict = f"{invoices:,} invoices compared: our records, the pure domain's recomputation and Stripe's records"
    style = "bold red" if findings.differences else "bold green"
    console.print(f"{verdict}: {len(findings.differences)} differences.", style=style)
