"""What the first step of a plan starts from, under the customer's lock, so that two purchases at once give one."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound, Refused
from billflow.domain.plan import PlanStatus
from billflow.domain.seats import SeatObservation
from billflow.models.tables import (
    BillingAccountRow,
    CustomerPlan,
    CustomerRow,
    LicenseLedger,
    SeatRow,
    TestClock,
)
from billflow.store.plans.mapping import observations_of
from billflow.store.session.database import as_id

_NOT_LIVE = [status for status in PlanStatus if not status.is_live]


async def locked_customer(session: AsyncSession, customer_id: str) -> tuple[CustomerRow, BillingAccountRow]:
    """Load a customer with its default billing account, and lock it until the transaction ends.

    Raises `NotFound`, also for one that was deleted.
    """
    query = (
        select(CustomerRow, BillingAccountRow)
        .join(BillingAccountRow, and_(BillingAccountRow.customer_id == CustomerRow.id, BillingAccountRow.is_default))
        .where(CustomerRow.id == as_id(customer_id, "customer"), CustomerRow.deleted_at.is_(None))
        .with_for_update(of=CustomerRow, key_share=True)
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise NotFound(f"There is no customer {customer_id!r}.")
    return found[0], found[1]


async def plans_so_far(session: AsyncSession, customer: CustomerRow) -> tuple[bool, bool, bool]:
    """Tell whether the customer has a live plan, is buying one, and had one that ran."""
    mine = CustomerPlan.customer_id == customer.id
    has_live, is_buying, had = await _which_exist(
        session,
        and_(mine, CustomerPlan.status.not_in(_NOT_LIVE)),
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
    return next(iter(observations_of(await session.scalars(query))), None)


async def checked_clock(session: AsyncSession, customer: CustomerRow, clock_id: str | None) -> TestClock | None:
    """Return the test clock a new plan is attached to; all plans of a customer live in the same time.

    Raises `NotFound`, or `Refused` where the customer has plans in another time.
    """
    wanted = as_id(clock_id, "test clock") if clock_id else None
    clock = await session.get(TestClock, wanted) if wanted else None
    if wanted and clock is None:
        raise NotFound(f"There is no test clock {clock_id!r}.")
    elsewhere = and_(CustomerPlan.customer_id == customer.id, CustomerPlan.test_clock_id.is_distinct_from(wanted))
    if (await _which_exist(session, elsewhere))[0]:
        raise Refused(
            "The customer has plans in another time; use one test clock for all of them, or a new customer.",
            code="test_clock_mismatch",
            field="test_clock_id",
        )
    return clock
