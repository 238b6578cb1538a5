"""What came in, and what is left to pay: by month, by age and by what collection does next (rules 38.3 and 38.4)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, DateTime, Select, cast, func, literal, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.adjustments import AdjustmentStatus
from billflow.models.contracts.business import CollectedMonth, DebtsByAction, UnpaidAge
from billflow.models.contracts.invoices import UNPAID
from billflow.models.tables import AdjustmentResultRow, InvoiceRow, RefundRow
from billflow.store.customers.invoice_sums import left_to_pay
from billflow.store.session.filters import within

_AGES = (timedelta(days=90), timedelta(days=60), timedelta(days=30), timedelta(0))


async def collected(session: AsyncSession, since: datetime, until: datetime) -> tuple[CollectedMonth, ...]:
    """Return what was paid and refunded by month and currency in `[since, until)`."""
    row = InvoiceRow
    paid = await _by_month(session, row.paid_at, row.currency, row.amount_paid, *within(row.paid_at, since, until))
    counts = ~_newest_result().in_([one for one in AdjustmentStatus if not one.counts])
    refunded = await _by_month(
        session, RefundRow.at, RefundRow.currency, RefundRow.amount, *within(RefundRow.at, since, until), counts
    )
    return tuple(
        CollectedMonth(
            month=month,
            currency=currency,
            payments=paid.get((month, currency), (0, 0))[0],
            paid=paid.get((month, currency), (0, 0))[1],
            refunds=refunded.get((month, currency), (0, 0))[0],
            refunded=refunded.get((month, currency), (0, 0))[1],
            net=paid.get((month, currency), (0, 0))[1] - refunded.get((month, currency), (0, 0))[1],
        )
        for month, currency in sorted({*paid, *refunded})
    )


def _newest_result() -> ColumnElement[Any]:
    """Return what Stripe last said of a refund; one it has said nothing of yet was asked for."""
    newest = (
        select(AdjustmentResultRow.status)
        .where(AdjustmentResultRow.refund_id == RefundRow.id)
        .order_by(AdjustmentResultRow.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(newest, AdjustmentStatus.REQUESTED)


async def _by_month(
    session: AsyncSession, at: Any, currency: Any, amount: Any, *which: ColumnElement[bool]
) -> dict[tuple[date, str], tuple[int, int]]:
    """Return how many amounts there are in each month and currency, and their sum."""
    month = func.date(func.date_trunc("month", func.timezone("UTC", at))).label("month")
    query: Select[*tuple[Any, ...]] = (
        select(month, currency, func.count(), func.sum(amount))
        .where(*which)
        .group_by(literal_column("month"), currency)
    )
    rows = await session.execute(query)
    return {(month, currency): (count, int(total)) for month, currency, count, total in rows}


async def unpaid(session: AsyncSession, now: datetime) -> tuple[UnpaidAge, ...]:
    """Return what is left to pay by currency and by how long it was due, what isn't due yet last."""
    edges = [now - age for age in _AGES]
    bounds = cast(literal(edges, ARRAY(DateTime(timezone=True))), ARRAY(DateTime(timezone=True)))
    age = func.width_bucket(InvoiceRow.due_at, bounds).label("age")
    query = (
        select(InvoiceRow.currency, age, func.count(), func.sum(left_to_pay()))
        .where(InvoiceRow.status.in_(UNPAID))
        .group_by(InvoiceRow.currency, literal_column("age"))
        .order_by(InvoiceRow.currency, literal_column("age"))
    )
    return tuple(
        UnpaidAge(
            currency=currency,
            due_since=edges[place - 1] if place else None,
            due_until=edges[place] if place < len(edges) else None,
            invoices=count,
            amount=int(amount),
        )
        for currency, place, count, amount in await session.execute(query)
    )


async def debts(session: AsyncSession) -> Sequence[DebtsByAction]:
    """Return what is left to pay by what collection does next about it, and currency."""
    group = InvoiceRow.next_action, InvoiceRow.currency
    query = (
        select(*group, func.count(), func.sum(left_to_pay()))
        .where(InvoiceRow.status.in_(UNPAID))
        .where(InvoiceRow.next_attempt_at.is_not(None), InvoiceRow.next_action.is_not(None))
        .group_by(*group)
        .order_by(*group)
    )
    return [
        DebtsByAction(next_action=action, currency=currency, invoices=count, amount=int(amount))
        for action, currency, count, amount in await session.execute(query)
        if action is not None
    ]
