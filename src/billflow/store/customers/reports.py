"""A customer's seats and money over time, summed up by PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.settings import DEFAULT_SETTINGS
from billflow.models.contracts.customer_finances import (
    Amount,
    BalanceRecord,
    DaySeats,
    LicensesFrom,
    MonthMoney,
    PlanHistory,
    ReportRecord,
    UsageRecord,
)
from billflow.models.contracts.customers import CustomerRef, CustomerStatus
from billflow.models.contracts.invoices import UNPAID, InvoiceStatus
from billflow.models.tables import (
    ChannelRow,
    CreditRow,
    CustomerPlan,
    CustomerRow,
    InvoiceRow,
    LicenseLedger,
    ProjectRow,
    SeatRow,
    TestClock,
)
from billflow.store.access.tax_records import current_settings
from billflow.store.customers.invoice_sums import MONEY, STANDS, AdjustedInvoices, left_to_pay
from billflow.store.customers.revenue import net_share_of, renews_at
from billflow.store.customers.transactions import customer_read
from billflow.store.offers.coupon_records import coupon_of
from billflow.store.plans.add_ons import add_on_amounts
from billflow.store.plans.mapping import in_parallel_run
from billflow.store.plans.records import STATES
from billflow.store.session.database import Repository, now_of
from billflow.store.session.rows import as_record, from_row

_COUNTS = InvoiceRow.status != InvoiceStatus.VOID

_WITH_CLOCKS = InvoiceRow.__table__.outerjoin(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id).outerjoin(
    TestClock, TestClock.id == CustomerPlan.test_clock_id
)


class PostgresReportQueries(Repository):
    """What a customer used, paid and owes; nothing here writes. Unknown ids raise `NotFound`."""

    async def usage(self, ref: CustomerRef, since: datetime, until: datetime) -> UsageRecord:
        """Return seats by day, licenses and money by month in `[since, until)`."""
        async with customer_read(self.database, ref) as (customer, session):
            seats = await _seats(session, customer, since, until)
            projects = select(ProjectRow.id).where(ProjectRow.customer_id == customer.id)
            return UsageRecord(
                customer_id=str(customer.id),
                since=since,
                until=until,
                projects=await _count(session, projects),
                channels=await _count(session, projects.join(ChannelRow, ChannelRow.project_id == ProjectRow.id)),
                peak_members=max((day.members for day in seats), default=0),
                peak_guests=max((day.guests for day in seats), default=0),
                seats=seats,
                licenses=await _licenses(session, customer, since, until),
                money=await _money(session, customer, since, until),
            )

    async def balances(self, ref: CustomerRef) -> BalanceRecord:
        """Return what the customer owes, and what it has credit for."""
        async with customer_read(self.database, ref) as (customer, session):
            return await _balances(session, customer)

    async def overdue(self, ref: CustomerRef) -> tuple[Amount, ...]:
        """Return what the customer should have paid by now, in the time that each plan lives in."""
        async with customer_read(self.database, ref) as (customer, session):
            now = func.coalesce(TestClock.now_at, now_of(session))
            late = InvoiceRow.customer_id == customer.id, InvoiceRow.status.in_(UNPAID), InvoiceRow.due_at < now
            return await _sums(session, InvoiceRow.currency, left_to_pay(), *late, of=_WITH_CLOCKS)

    async def report(self, ref: CustomerRef) -> ReportRecord:
        """Return what the customer is worth, what it owes, and its plans, the newest first."""
        async with customer_read(self.database, ref) as (customer, session):
            mine = InvoiceRow.customer_id == customer.id
            unpaid = (mine, InvoiceRow.status.in_(UNPAID))
            plans, revenue = await _plans(session, customer)
            balances = await _balances(session, customer)
            return ReportRecord(
                customer_id=str(customer.id),
                name=customer.name,
                status=customer.status,
                customer_since=customer.created_at,
                lifetime_value=await _lifetime_value(session, customer),
                monthly_recurring_revenue=revenue,
                open_balance=balances.open_balance,
                credit_balance=balances.credit_balance,
                invoices=await _count(session, select(InvoiceRow.id).where(mine, _COUNTS, STANDS)),
                open_invoices=await _count(session, select(InvoiceRow.id).where(*unpaid)),
                plans=plans,
            )


async def _balances(session: AsyncSession, customer: CustomerRow) -> BalanceRecord:
    unpaid = InvoiceRow.customer_id == customer.id, InvoiceRow.status.in_(UNPAID)
    theirs = CreditRow.customer_id == customer.id
    return BalanceRecord(
        open_balance=await _sums(session, InvoiceRow.currency, left_to_pay(), *unpaid),
        credit_balance=await _sums(session, CreditRow.currency, CreditRow.amount, theirs),
    )


async def _seats(
    session: AsyncSession, customer: CustomerRow, since: datetime, until: datetime
) -> tuple[DaySeats, ...]:
    day = func.date(func.timezone("UTC", SeatRow.observed_at)).label("day")
    query = (
        select(day, func.max(SeatRow.members).label("members"), func.max(SeatRow.guests).label("guests"))
        .where(SeatRow.customer_id == customer.id, SeatRow.observed_at >= since, SeatRow.observed_at < until)
        .group_by(literal_column("day"))
        .order_by(literal_column("day"))
    )
    return tuple(from_row(DaySeats, row) for row in await session.execute(query))


async def _licenses(
    session: AsyncSession, customer: CustomerRow, since: datetime, until: datetime
) -> tuple[LicensesFrom, ...]:
    query = (
        select(LicenseLedger)
        .join(CustomerPlan, CustomerPlan.id == LicenseLedger.plan_id)
        .where(CustomerPlan.customer_id == customer.id, LicenseLedger.add_on.is_(None))
        .where(LicenseLedger.event_time >= since, LicenseLedger.event_time < until)
        .order_by(LicenseLedger.event_time, LicenseLedger.seq)
    )
    return tuple(
        LicensesFrom(at=entry.event_time, plan_id=str(entry.plan_id), licenses=entry.licenses)
        for entry in await session.scalars(query)
    )


async def _money(
    session: AsyncSession, customer: CustomerRow, since: datetime, until: datetime
) -> tuple[MonthMoney, ...]:
    month = func.date(func.date_trunc("month", func.timezone("UTC", InvoiceRow.issued_at))).label("month")
    adjusted = AdjustedInvoices(customer.id)
    query = (
        select(
            month,
            InvoiceRow.currency,
            func.count().filter(STANDS).label("invoices"),
            *(amount.label(name) for name, amount in adjusted.sums.items()),
        )
        .select_from(adjusted.rows)
        .where(InvoiceRow.customer_id == customer.id, _COUNTS)
        .where(InvoiceRow.issued_at >= since, InvoiceRow.issued_at < until)
        .group_by(literal_column("month"), InvoiceRow.currency)
        .order_by(literal_column("month"), InvoiceRow.currency)
    )
    return tuple(from_row(MonthMoney, row) for row in await session.execute(query))


async def _plans(session: AsyncSession, customer: CustomerRow) -> tuple[tuple[PlanHistory, ...], tuple[Amount, ...]]:
    """Return the customer's plans, the newest first, and what the live ones renew at per month."""
    query = STATES.where(CustomerPlan.customer_id == customer.id)
    rows = (await session.execute(query.order_by(CustomerPlan.billing_cycle_anchor.desc(), CustomerPlan.id))).all()
    totals, add_ons = await _totals(session, customer), await add_on_amounts(session, [row[0].id for row in rows])
    coupon, share = await coupon_of(session, customer.id), await _net_share(session, customer)
    history, revenue = [], dict[str, int]()
    for row, _, clock_at, licenses, licenses_at_next_renewal, *_ in rows:
        history.append(
            as_record(
                PlanHistory,
                row,
                started_at=row.billing_cycle_anchor,
                licenses=licenses or 0,
                **totals.get(row.id, dict.fromkeys(MONEY, 0)),
            )
        )
        monthly = renews_at(
            row, licenses_at_next_renewal or 0, add_ons=add_ons.get(row.id, 0), coupon=coupon, share=share
        )
        recurs = customer.status is CustomerStatus.ACTIVE and not in_parallel_run(row, clock_at or now_of(session))
        if monthly and recurs:
            revenue[row.currency] = revenue.get(row.currency, 0) + monthly
    return tuple(history), tuple(Amount(amount=amount, currency=code) for code, amount in revenue.items())


async def _net_share(session: AsyncSession, customer: CustomerRow) -> Fraction:
    now, settings = now_of(session), await current_settings(session, DEFAULT_SETTINGS)
    return net_share_of(customer, settings.tax.at(now), now)


async def _totals(session: AsyncSession, customer: CustomerRow) -> dict[Any, dict[str, int]]:
    adjusted = AdjustedInvoices(customer.id)
    query = (
        select(InvoiceRow.plan_id, *adjusted.sums.values())
        .select_from(adjusted.rows)
        .where(InvoiceRow.customer_id == customer.id, _COUNTS)
        .group_by(InvoiceRow.plan_id)
    )
    found = await session.execute(query)
    return {plan_id: dict(zip(MONEY, map(int, sums), strict=True)) for plan_id, *sums in found}


async def _lifetime_value(session: AsyncSession, customer: CustomerRow) -> tuple[Amount, ...]:
    """Sum what was paid, less what was refunded, and less what was put onto the balance and no invoice used yet.

    What support granted was never paid: the balance uses it last, and it is not taken off.
    """
    adjusted = AdjustedInvoices(customer.id)
    of_customer = InvoiceRow.customer_id == customer.id
    paid = await _sums(session, InvoiceRow.currency, adjusted.kept, of_customer, of=adjusted.rows)
    granted = CreditRow.invoice_id.is_(None) & CreditRow.plan_id.is_(None)
    theirs = CreditRow.customer_id == customer.id, ~granted
    credited = {one.currency: one.amount for one in await _sums(session, CreditRow.currency, CreditRow.amount, *theirs)}
    return tuple(
        Amount(currency=one.currency, amount=one.amount - max(credited.get(one.currency, 0), 0)) for one in paid
    )


async def _count(session: AsyncSession, query: Select[Any]) -> int:
    return await session.scalar(select(func.count()).select_from(query.subquery())) or 0


async def _sums(
    session: AsyncSession,
    currency: ColumnElement[str] | Any,
    amount: Any,
    *which: ColumnElement[bool],
    of: FromClause | None = None,
) -> tuple[Amount, ...]:
    query: Select[Any] = select(currency, func.sum(amount)).where(*which).group_by(currency).order_by(currency)
    found: Sequence[Any] = (await session.execute(query if of is None else query.select_from(of))).all()
    return tuple(Amount(currency=code, amount=int(total)) for code, total in found)
