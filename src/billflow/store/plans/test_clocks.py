"""Test clocks: is anything attached to one still due, and when does collection go on?"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.plan import PlanStatus
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.tables import CustomerPlan, InvoiceRow, TestClock
from billflow.store.invoices.drafts import UNPAID

_DUE_AT = case(
    (CustomerPlan.status == PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, CustomerPlan.next_invoice_date),
    else_=func.least(CustomerPlan.next_invoice_date, CustomerPlan.end_date),
)
"""`domain.plan.Plan.due_at` in SQL."""

_IS_LIVE = CustomerPlan.status.not_in([status for status in PlanStatus if not status.is_live])
_UNSENT = and_(
    InvoiceRow.status == InvoiceStatus.DRAFT,
    func.coalesce(InvoiceRow.last_outcome["kind"].astext, "") != "rejected",
)


async def has_work_due(session: AsyncSession, clock_id: UUID) -> bool:
    """Tell whether a billing date, an unsent invoice, an attempt or a purchase still waits at the clock's time."""
    on_clock = CustomerPlan.test_clock_id == clock_id
    now_at = select(TestClock.now_at).where(TestClock.id == clock_id).scalar_subquery()
    billing_date = select(CustomerPlan.id).where(on_clock, _IS_LIVE, CustomerPlan.attention_code.is_(None))
    unpaid = select(InvoiceRow.id).join(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id).where(on_clock)
    attempt = and_(InvoiceRow.status.in_(UNPAID), InvoiceRow.next_attempt_at <= now_at)
    # Every open invoice has a collection, which says first what it will do.
    handed_on = and_(InvoiceRow.status == InvoiceStatus.OPEN, InvoiceRow.next_action.is_(None))
    bought = and_(CustomerPlan.awaiting_invoice_id == InvoiceRow.id, InvoiceRow.status.not_in(UNPAID))
    waiting = or_(
        billing_date.where(now_at >= _DUE_AT).exists(),
        unpaid.where(or_(_UNSENT, attempt, handed_on, bought)).exists(),
    )
    return bool(await session.scalar(select(waiting)))


async def next_collection(session: AsyncSession, clock_id: UUID) -> datetime | None:
    """Return the earliest moment after the clock's time at which collection does something."""
    query = (
        select(func.min(InvoiceRow.next_attempt_at))
        .join(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id)
        .join(TestClock, TestClock.id == CustomerPlan.test_clock_id)
        .where(TestClock.id == clock_id, InvoiceRow.status.in_(UNPAID), InvoiceRow.next_attempt_at > TestClock.now_at)
    )
    return await session.scalar(query)
