"""What the first step of a plan starts from, under the customer's lock, so that two purchases at once give one."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.domain.seats import SeatObservation
from billflow.models.tables import BillingAccountRow, CustomerPlan, CustomerRow, LicenseLedger, SeatRow, TestClock
from billflow.store.customers.transactions import RUNS, not_erased
from billflow.store.session.rows import as_id, existing, from_row, row_by_id


async def locked_customer(session: AsyncSession, customer_id: str) -> tuple[CustomerRow, BillingAccountRow]:
    """Load a customer with its default billing account, and lock it until the transaction ends.

    Raises `NotFound`, also for one that was deleted, and `Refused` for one that was erased.
    """
    query = (
        select(CustomerRow, BillingAccountRow)
        .join(BillingAccountRow, and_(BillingAccountRow.customer_id == CustomerRow.id, BillingAccountRow.is_default))
        .where(CustomerRow.id == as_id(customer_id, "customer"), CustomerRow.deleted_at.is_(None))
        .with_for_update(of=CustomerRow, key_share=True)
    )
    customer, account = existing((await session.execute(query)).one_or_none(), "customer", customer_id)
    return not_erased(customer), account


async def plans_so_far(session: AsyncSession, customer: CustomerRow) -> tuple[bool, bool, bool]:
    """Tell whether the customer has a live plan, is buying one, and had one that ran."""
    mine = CustomerPlan.customer_id == customer.id
    has_live, is_buying, had = await _which_exist(
        session,
        and_(mine, RUNS),
        and_(mine, CustomerPlan.awaiting_invoice_id.is_not(None)),
        and_(mine, CustomerPlan.id == LicenseLedger.plan_id),
    )
    return has_live, is_buying, had


async def _which_exist(session: AsyncSession, *conditions: ColumnElement[bool]) -> list[bool]:
    row = (await session.execute(select(*(exists().where(condition) for condition in conditions)))).one()
    return [bool(value) for value in row]


async def newest_observation(session: AsyncSession, customer: CustomerRow, at: datetime) -> SeatObservation | None:
    """Load the newest seat observation of a customer up to *at*."""
    query = (
        select(SeatRow)
        .where(SeatRow.customer_id == customer.id, SeatRow.observed_at <= at)
        .order_by(SeatRow.observed_at.desc())
        .limit(1)
    )
    row = (await session.scalars(query)).one_or_none()
    return from_row(SeatObservation, row) if row else None


async def checked_clock(session: AsyncSession, customer: CustomerRow, clock_id: str | None) -> TestClock | None:
    """Return the test clock a new plan is attached to; all plans of a customer live in the same time.

    Raises `NotFound`, or `Refused` where the customer has plans in another time.
    """
    clock = await row_by_id(session, TestClock, clock_id, "test clock") if clock_id else None
    in_other_time = CustomerPlan.test_clock_id.is_distinct_from(clock.id if clock else None)
    elsewhere = and_(CustomerPlan.customer_id == customer.id, in_other_time)
    if (await _which_exist(session, elsewhere))[0]:
        raise Refused(
            "The customer has plans in another time; use one test clock for all of them, or a new customer.",
            code="test_clock_mismatch",
            field="test_clock_id",
        )
    return clock
