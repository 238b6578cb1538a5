"""Invoices of both systems, as the tests compare them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.proration import Derivation, prorated
from billflow.dry_run.bills import ForeseenInvoice, ForeseenLine
from billflow.models.contracts.imports import OpeningLineKind
from billflow.parallel_run.comparison import BilledInParallel, ComparedDate, compare
from billflow.parallel_run.issued import IssuedInvoice, IssuedLine
from billflow.parallel_run.pairs import ComputedInvoice

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
IMPORTED, FIRST, SECOND, THIRD = (datetime(2026, *day, tzinfo=UTC) for day in ((1, 20), (2, 15), (3, 15), (4, 15)))
FEBRUARY, MARCH = Period(FIRST, SECOND), Period(SECOND, THIRD)


def ours(kind: LineKind, derivation: Derivation, description: str = "ours") -> ForeseenLine:
    return ForeseenLine(
        kind=kind.value, subject="", description=description, derivation=derivation, amount=derivation.amount
    )


def renewal(quantity: int = 4, price: int = 700, period: Period = FEBRUARY) -> ForeseenLine:
    return ours(LineKind.RENEWAL, Derivation(price=price, quantity=quantity, period=period))


def addition(quantity: int = 2, price: int = 700, at: datetime = IMPORTED + DAY) -> ForeseenLine:
    """Return licenses added in the cycle that ended at `FIRST`."""
    cycle = Period(datetime(2026, 1, 15, tzinfo=UTC), FIRST)
    derivation = prorated(price, quantity, charged=Period(at, FIRST), cycle=cycle)
    return ours(LineKind.ADDITIONAL_LICENSES, derivation)


def computed(*lines: ForeseenLine, at: datetime = FIRST, **terms: Any) -> ComputedInvoice:
    invoice = ForeseenInvoice(kind="recurring", at=at, currency="USD", lines=lines)
    return ComputedInvoice(id=f"computed-{at:%m-%d}", invoice=ForeseenInvoice(**_fields(invoice) | terms))


def _fields(invoice: ForeseenInvoice) -> dict[str, Any]:
    return {name: getattr(invoice, name) for name in ("kind", "at", "currency", "lines", "automatic_tax")}


def theirs(
    amount: int,
    quantity: int = 1,
    unit: int | None = None,
    *,
    kind: OpeningLineKind = OpeningLineKind.LICENSES,
    period: Period = FEBRUARY,
    description: str = "theirs",
) -> IssuedLine:
    return IssuedLine(
        kind=kind, description=description, quantity=quantity, unit_amount=unit, amount=amount, period=period
    )


def issued(*lines: IssuedLine, at: datetime = FIRST, total: int | None = None, currency: str = "USD") -> IssuedInvoice:
    """Return an invoice whose lines tell all of it, unless a *total* is given."""
    told = sum(line.amount for line in lines) if total is None else total
    number = f"old-{at:%m-%d}"
    return IssuedInvoice(id=number, number=number, currency=currency, total=told, dated_at=at, lines=lines)


def compared(
    mine: list[ComputedInvoice], others: list[IssuedInvoice], *, now: datetime = THIRD, **terms: Any
) -> list[ComparedDate]:
    plan = BilledInParallel(
        plan_id="plan", since=IMPORTED, now=now, computed=tuple(mine), issued=tuple(others), **terms
    )
    return compare(plan)
