"""What was billed to recur, by invoice lines: how it changed between moments, by currency and customer (rules 38.2)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    DateTime,
    Numeric,
    Select,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.coupons import CouponDuration
from billflow.domain.invoicing.draft import ADDITIONS, LineKind
from billflow.domain.money import Rounding, rounded
from billflow.domain.plan import Schedule
from billflow.models.contracts.business import CustomerMovement, RevenueMovement
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.tables import (
    CouponRedemptionRow,
    CouponRow,
    CustomerPlan,
    CustomerRow,
    InvoiceLineRow,
    InvoiceRow,
)
from billflow.store.session.rows import from_row

OLDEST = timedelta(days=731)
"""How long before a moment an invoice may have been issued that bills it: no cycle is longer than a year."""

_WHOLE_CYCLES = (
    LineKind.INITIAL_UPGRADE,
    LineKind.RENEWAL,
    LineKind.FIXED_PRICE_UPGRADE,
    LineKind.FIXED_PRICE_RENEWAL,
    LineKind.ADD_ON,
)
_CYCLES_A_YEAR = case({one: 12 // one.months for one in Schedule}, value=CustomerPlan.schedule)
_PER_MILLE = 1000


def _text(name: str) -> Any:
    return func.jsonb_extract_path_text(InvoiceLineRow.derivation, name)


def _yearly() -> Any:
    """Return what a line comes to in a year, net, in minor units; an addition for whole cycles, halves rounded up."""
    line = InvoiceLineRow
    net = line.amount - case((InvoiceRow.tax_inclusive, line.tax), else_=0)
    price = cast(_text("price"), BigInteger) * line.quantity
    share = func.div(cast(price, Numeric) * net * 2 + line.amount, cast(line.amount, Numeric) * 2)
    added = case((net == line.amount, price), else_=cast(share, BigInteger))
    return case((line.kind.in_(ADDITIONS), added), else_=net) * _CYCLES_A_YEAR


def _billed(moments: Sequence[datetime]) -> CTE:
    """Return what was billed for a year at each moment, numbered from 1, by customer and currency."""
    line, plan, invoice = InvoiceLineRow, CustomerPlan, InvoiceRow
    named = func.unnest(cast(literal(list(moments), ARRAY(DateTime(timezone=True))), ARRAY(DateTime(timezone=True))))
    moment = named.table_valued(
        column("at", DateTime(timezone=True)), with_ordinality="n", name="moment"
    ).render_derived()
    covers = and_(line.period_start <= moment.c.at, line.period_end > moment.c.at)
    runs = or_(plan.ended_at.is_(None), plan.ended_at > moment.c.at)
    recurring_coupon = and_(
        line.kind == LineKind.COUPON, CouponRow.duration != CouponDuration.ONCE, _text("note").is_not(None)
    )
    amount = func.sum(_yearly())
    return (
        select(invoice.customer_id, invoice.currency, moment.c.n, amount.label("yearly"))
        .select_from(invoice)
        .join(line, line.invoice_id == invoice.id)
        .join(plan, plan.id == invoice.plan_id)
        .outerjoin(CouponRedemptionRow, CouponRedemptionRow.id == invoice.coupon_redemption_id)
        .outerjoin(CouponRow, CouponRow.id == CouponRedemptionRow.coupon_id)
        .join(moment, covers)
        .where(invoice.issued_at >= moments[0] - OLDEST, invoice.status != InvoiceStatus.VOID)
        .where(invoice.replaced_by_invoice_id.is_(None), runs)
        .where(or_(line.kind.in_((*_WHOLE_CYCLES, *ADDITIONS)), recurring_coupon))
        .group_by(invoice.customer_id, invoice.currency, moment.c.n)
        .having(amount > 0)
        .cte("billed")
    )


def _changes(moments: Sequence[datetime]) -> CTE:
    """Return what each customer was billed at the beginning and at the end of each span, numbered from 1."""
    billed = _billed(moments)
    first, second = billed.alias("first"), billed.alias("second")
    same = and_(
        first.c.customer_id == second.c.customer_id,
        first.c.currency == second.c.currency,
        first.c.n == second.c.n - 1,
    )
    span = func.coalesce(first.c.n, second.c.n - 1)
    return (
        select(
            span.label("span"),
            func.coalesce(first.c.customer_id, second.c.customer_id).label("customer_id"),
            func.coalesce(first.c.currency, second.c.currency).label("currency"),
            cast(func.coalesce(first.c.yearly, 0), BigInteger).label("before"),
            cast(func.coalesce(second.c.yearly, 0), BigInteger).label("after"),
        )
        .select_from(first.join(second, same, full=True))
        .where(span.between(1, len(moments) - 1))
        .cte("changes")
    )


async def movements(session: AsyncSession, moments: Sequence[datetime]) -> tuple[RevenueMovement, ...]:
    """Return how what was billed to recur changed from each moment to the next, by currency."""
    rows = await session.execute(_by_currency(_changes(moments)))
    return tuple(_movement(row, moments) for row in rows)


def _by_currency(changes: CTE) -> Select[*tuple[Any, ...]]:
    before, after = changes.c.before, changes.c.after
    begins, ends = before == 0, after == 0
    sums = {
        "before": func.sum(before),
        "after": func.sum(after),
        "new": func.sum(after).filter(begins),
        "churned": func.sum(before).filter(ends),
        "expansion": func.sum(func.greatest(after - before, 0)).filter(~begins),
        "contraction": func.sum(func.greatest(before - after, 0)).filter(~ends),
        "customers": func.count().filter(~ends),
        "new_customers": func.count().filter(begins),
        "churned_customers": func.count().filter(ends),
    }
    columns = [cast(func.coalesce(amount, 0), BigInteger).label(name) for name, amount in sums.items()]
    group = changes.c.span, changes.c.currency
    return select(*group, *columns).group_by(*group).order_by(*group)


def _movement(row: Any, moments: Sequence[datetime]) -> RevenueMovement:
    kept = row.before + row.expansion - row.contraction - row.churned
    return from_row(
        RevenueMovement,
        row,
        since=moments[row.span - 1],
        until=moments[row.span],
        churn_percent=percent(row.churned, row.before),
        retention_percent=percent(kept, row.before),
    )


def percent(part: int, whole: int) -> str | None:
    """Return *part* of *whole* in percent to one decimal, halves rounded up; None of nothing."""
    if not whole:
        return None
    tenths = rounded(Fraction(part * _PER_MILLE, whole), Rounding.HALF_UP)
    return f"{tenths // 10}.{tenths % 10}"


async def customer_movements(
    session: AsyncSession, since: datetime, until: datetime, currency: str | None
) -> list[CustomerMovement]:
    """Return the customers of whom what was billed to recur changed in `[since, until)`, the largest change first."""
    changes = _changes((since, until))
    change = func.abs(changes.c.after - changes.c.before)
    query = (
        select(changes, CustomerRow.name.label("customer_name"))
        .join(CustomerRow, CustomerRow.id == changes.c.customer_id)
        .where(change > 0)
        .order_by(change.desc(), changes.c.customer_id)
    )
    wanted = query if currency is None else query.where(changes.c.currency == currency)
    return [from_row(CustomerMovement, row) for row in await session.execute(wanted)]
