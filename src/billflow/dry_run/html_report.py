"""A dry run as one page that needs nothing else: every text in it is escaped."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import islice

from billflow.domain.currencies import format_amount
from billflow.dry_run.comparison import PlanDifference
from billflow.dry_run.debts import DebtDifference, DebtSummary
from billflow.dry_run.report_rows import action_name, amounts_of, derived, named, signed, steps_of, sums
from billflow.dry_run.tally import DryRunSummary

TAKEN_FOR_GRANTED = (
    "What is open now, if nothing of it is paid and every card is declined. A collection that runs keeps the policy "
    "that it began with; a changed one is for those that begin after it."
)

MOST_PLANS = 1000
"""Plans that a page shows line by line; a CSV has them all."""

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; }
th, td { border-bottom: 1px solid #ddd; padding: 0.25rem 1rem 0.25rem 0; text-align: left; vertical-align: top; }
td.amount, th.amount { text-align: right; white-space: nowrap; }
summary { cursor: pointer; }
@media screen and (prefers-color-scheme: dark) {
  body { background: #161616; color: #ddd; }
  th, td { border-color: #444; }
}
"""
_HEAD = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    f"<title>Dry run</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>Dry run</h1>\n"
)


def page(
    title: str,
    summary: DryRunSummary,
    differences: Iterable[PlanDifference],
    debts: Iterable[DebtDifference] = (),
) -> Iterator[str]:
    """Yield the page in parts; *title* says what was compared."""
    yield _HEAD
    yield f"<p>{escape(title)}</p>\n"
    yield from _totals(summary)
    yield "<h2>What changes most</h2>\n"
    yield from map(_plan, summary.worst)
    yield "<h2>Every plan that differs</h2>\n"
    yield from map(_plan, islice(differences, MOST_PLANS))
    if summary.different > MOST_PLANS:
        yield f"<p>The first {MOST_PLANS:,} of {summary.different:,}; a CSV has them all.</p>\n"
    if summary.debts.debts:
        yield from _debts(summary.debts, debts)
    yield "</body>\n</html>\n"


def _totals(summary: DryRunSummary) -> Iterator[str]:
    yield _table(
        "Causes",
        ("Cause", "Plans>", "Difference>"),
        [(one.cause.value, f"{one.plans:,}", sums(one.differences)) for one in summary.causes],
    )
    yield _table(
        "Billed by month",
        ("Month", "Today's rules>", "Changed rules>", "Difference>"),
        [
            (
                one.month,
                format_amount(one.before, one.currency),
                format_amount(one.after, one.currency),
                signed(one.difference, one.currency),
            )
            for one in summary.totals
        ],
    )
    yield _table(
        "On hold",
        ("Why", "Today's rules>", "Changed rules>"),
        [(one.code, f"{one.before:,}", f"{one.after:,}") for one in summary.on_hold],
    )


def _debts(found: DebtSummary, differences: Iterable[DebtDifference]) -> Iterator[str]:
    yield f"<h2>Unpaid invoices</h2>\n<p>{TAKEN_FOR_GRANTED}</p>\n"
    yield _rows(
        ("What happens", "Today's policy>", "Of", "Changed policy>", "Of"),
        [
            (
                action_name(one.action),
                f"{one.before:,}",
                amounts_of(one.amounts_before),
                f"{one.after:,}",
                amounts_of(one.amounts_after),
            )
            for one in found.actions
        ],
    )
    yield _table(
        "Why something else becomes of them",
        ("Cause", "Invoices>", "Amounts"),
        [(one.cause.value, f"{one.debts:,}", amounts_of(one.amounts)) for one in found.causes],
    )
    yield _table(
        "Every invoice that something else becomes of",
        ("Invoice", "Open>", "Cause", "Today's policy", "Changed policy"),
        [_debt(one) for one in islice(differences, MOST_PLANS)],
    )
    if found.different > MOST_PLANS:
        yield f"<p>The first {MOST_PLANS:,} of {found.different:,}; a CSV has them all.</p>\n"


def _debt(found: DebtDifference) -> tuple[str, ...]:
    causes = ", ".join(cause.value for cause in found.causes)
    open_amount = format_amount(found.amount, found.currency)
    steps = (steps_of(one) or "nothing" for one in (found.before, found.after))
    return (found.number or found.invoice_id, open_amount, causes, *steps)


def _plan(found: PlanDifference) -> str:
    currency = found.currency
    title = (
        f"{found.plan_id} ({found.tier}): {format_amount(found.before, currency)} to "
        f"{format_amount(found.after, currency)}, {signed(found.difference, currency)}: {named(found.causes)}"
    )
    held = [
        f"<p>{escape(side)}: on hold, {escape(hold.message)}</p>\n"
        for side, hold in (("Today's rules", found.on_hold_before), ("Changed rules", found.on_hold_after))
        if hold
    ]
    lines = [
        (
            f"{invoice.at:%Y-%m-%d}",
            line.description,
            named(line.causes),
            derived(line.before, currency) or "none",
            derived(line.after, currency) or "none",
            signed(line.difference, currency),
        )
        for invoice in found.invoices
        for line in invoice.lines
    ]
    columns = ("Invoice", "Line", "Cause", "Today's rules", "Changed rules", "Difference>")
    return f"<details><summary>{escape(title)}</summary>\n{''.join(held)}{_rows(columns, lines)}</details>\n"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"<h2>{escape(title)}</h2>\n{_rows(columns, rows)}"


def _rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "<p>None.</p>\n"
    kinds = [' class="amount"' if column.endswith(">") else "" for column in columns]
    head = "".join(f"<th{kind}>{escape(column.rstrip('>'))}</th>" for kind, column in zip(kinds, columns, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>\n"
        for row in rows
    )
    return f"<table>\n<tr>{head}</tr>\n{body}</table>\n"
