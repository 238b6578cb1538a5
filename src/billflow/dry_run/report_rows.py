"""What differs, in words and rows: for a terminal, a spreadsheet or a page."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from billflow.domain.currencies import format_amount
from billflow.domain.debts import DebtStep
from billflow.domain.proration import Derivation
from billflow.dry_run.bills import ForeseenLine
from billflow.dry_run.causes import Effects
from billflow.dry_run.comparison import InvoiceDifference, LineDifference, PlanDifference
from billflow.dry_run.debts import DebtDifference
from billflow.dry_run.tally import DryRunSummary

COLUMNS = (
    *("plan", "customer", "tier", "currency", "invoice_date", "invoice", "line", "description", "causes"),
    *("before", "after", "difference", "derivation_before", "derivation_after", "on_hold_before", "on_hold_after"),
)
"""The columns of `rows`; amounts are in minor units."""


DEBT_COLUMNS = (
    *("invoice", "number", "plan", "customer", "currency", "amount"),
    *("causes", "before", "after"),
)
"""The columns of `debt_row`; the amount is in minor units."""


def heading(summary: DryRunSummary, taken_at: datetime, until: datetime | None) -> str:
    """Say what was billed, and how much would be otherwise."""
    span = f"billed up to {moment(until)}" if until else "billed for a year"
    found = f"{summary.plans:,} plans, as they were at {moment(taken_at)}, {span}"
    told = f"{found}: {summary.different:,} would be billed otherwise."
    debts = summary.debts
    if not debts.debts:
        return told
    return f"{told} Of {debts.debts:,} unpaid invoices something else would become of {debts.different:,}."


def moment(at: datetime) -> str:
    """Write a moment in UTC, to the minute."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def debt_row(found: DebtDifference) -> tuple[object, ...]:
    """Return the row of a debt of which something else becomes."""
    causes = ", ".join(cause.value for cause in found.causes)
    which = (found.invoice_id, found.number, found.plan_id, found.customer_id, found.currency, found.amount)
    return (*which, causes, steps_of(found.before), steps_of(found.after))


def steps_of(steps: tuple[DebtStep, ...]) -> str:
    """Write what happens to a debt, one after another."""
    return "; ".join(f"{moment(step.at)} {action_name(step.action)}" for step in steps)


def action_name(action: str) -> str:
    """Write an action as words."""
    return str(action).replace("_", " ")


def amounts_of(amounts: Mapping[str, int]) -> str:
    """Write what debts of several currencies come to."""
    return ", ".join(format_amount(amount, currency) for currency, amount in amounts.items()) or "none"


def rows(found: PlanDifference) -> Iterator[tuple[object, ...]]:
    """Yield a row for each line that differs, or one for a plan that only is on hold otherwise."""
    plan = (found.plan_id, found.customer_id, found.tier, found.currency)
    held = tuple(hold.message if hold else None for hold in (found.on_hold_before, found.on_hold_after))
    if not found.invoices:
        yield (*plan, None, None, None, None, named(found.causes), found.before, found.after, 0, None, None, *held)
    for invoice in found.invoices:
        for line in invoice.lines:
            yield (*plan, *_row(invoice, line, found.currency), *held)


def _row(invoice: InvoiceDifference, line: LineDifference, currency: str) -> tuple[object, ...]:
    sides = (line.before, line.after)
    amounts = [side.amount if side else None for side in sides]
    told = [derived(side, currency) for side in sides]
    what = (invoice.at, invoice.kind, line.kind, line.description, named(line.causes))
    return (*what, *amounts, line.difference, *told)


def named(causes: Effects) -> str:
    """Write causes one after another."""
    return ", ".join(cause.value for cause in causes)


def sums(differences: Mapping[str, int]) -> str:
    """Write amounts of several currencies."""
    return ", ".join(signed(amount, currency) for currency, amount in differences.items()) or "none"


def signed(amount: int, currency: str) -> str:
    """Write an amount that more or less is billed, with its sign."""
    told = format_amount(amount, currency)
    return told.replace(" ", " +", 1) if amount > 0 else told


def derived(line: ForeseenLine | None, currency: str) -> str | None:
    """Write how an amount came about: price, share, rounding, what is taken off, quantity."""
    if line is None:
        return None
    derivation = line.derivation
    share = f" × {_share(derivation)}, {derivation.rounding.value}" if _is_part(derivation) else ""
    less = f" - {format_amount(derivation.less, currency)}" if derivation.less else ""
    unit = f"{format_amount(derivation.price, currency)}{share}{less}"
    times = f"({unit}) × {derivation.quantity}" if share or less else f"{unit} × {derivation.quantity}"
    return f"{times} = {format_amount(line.amount, currency)}"


def _is_part(derivation: Derivation) -> bool:
    return derivation.numerator != derivation.denominator


def _share(derivation: Derivation) -> str:
    if derivation.cycle is None:
        return str(Fraction(derivation.numerator, derivation.denominator))
    part, whole = (timedelta(microseconds=span) for span in (derivation.numerator, derivation.denominator))
    return f"{part} of {whole}"
