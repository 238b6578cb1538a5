"""What differs, in words and rows: for a terminal, a spreadsheet or a page."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from fractions import Fraction

from billflow.domain.currencies import format_amount
from billflow.domain.proration import Derivation
from billflow.dry_run.bills import ForeseenLine
from billflow.dry_run.causes import Effects
from billflow.dry_run.comparison import InvoiceDifference, LineDifference, PlanDifference

COLUMNS = (
    *("plan", "customer", "tier", "currency", "invoice_date", "invoice", "line", "description", "causes"),
    *("before", "after", "difference", "derivation_before", "derivation_after", "on_hold_before", "on_hold_after"),
)
"""The columns of `rows`; amounts are in minor units."""


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
