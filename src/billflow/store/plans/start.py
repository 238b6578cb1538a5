"""What the first step of a plan starts from, under the customer's lock, so that two purchases at once give one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Select, Text, and_, bindparam, exists, literal, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.domain.seats import SeatObservation
from billflow.models.contracts.plans import StartPlanInput
from billflow.models.tables import (
    BillingAccountRow,
    CouponRedemptionRow,
    CustomerPlan,
    CustomerRow,
    LicenseLedger,
    SeatRow,
    StepRow,
    TestClock,
)
from billflow.store.access.seller_records import NEWEST_SELLER
from billflow.store.access.tax_records import TAX_VERSIONS
from billflow.store.customers.transactions import RUNS, not_erased
from billflow.store.offers.coupon_records import CURRENT
from billflow.store.offers.records import fixed_price_waits
from billflow.store.plans.catalog_records import NEWEST_CATALOG
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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the purchase of a plan starts from beside its customer: what is sold and by whom, and what there is so far.

    `answer` is that of the same purchase, if it was made before. `has_offer` tells that a fixed price waits.
    """

    answer: dict[str, Any] | None
    in_other_time: bool
    has_live_plan: bool
    is_buying: bool
    had_plan: bool
    has_offer: bool
    has_coupon: bool
    catalog_id: UUID | None
    seller_id: UUID | None
    tax_versions: Sequence[UUID] | None
    observed_at: datetime | None
    members: int | None
    guests: int | None

    @property
    def observation(self) -> SeatObservation | None:
        """Return the newest observation of the customer's seats, None where there is none."""
        if self.observed_at is None or self.members is None or self.guests is None:
            return None
        return SeatObservation(observed_at=self.observed_at, members=self.members, guests=self.guests)


async def surroundings(session: AsyncSession, customer: CustomerRow, ask: StartPlanInput) -> Surroundings:
    """Read all of it at once, under the lock of the customer."""
    clock_id = as_id(ask.test_clock_id, "test clock") if ask.test_clock_id else None
    known = {"customer": customer.id, "clock": clock_id, "tier": ask.start.tier, "until": ask.at, "of_key": ask.key}
    return Surroundings(*(await session.execute(_SURROUNDINGS, known)).one())


def _surroundings_query() -> Select[*tuple[Any, ...]]:
    customer = bindparam("customer", type_=CustomerRow.id.type)
    until = bindparam("until", type_=DateTime(timezone=True))
    newest = _newest_observation(customer, until).subquery()
    mine = CustomerPlan.customer_id == customer
    clock = bindparam("clock", type_=CustomerPlan.test_clock_id.type)
    return select(
        select(StepRow.result).where(StepRow.key == bindparam("of_key", type_=Text)).scalar_subquery(),
        exists().where(mine, CustomerPlan.test_clock_id.is_distinct_from(clock)),
        *(exists().where(one) for one in _so_far(mine)),
        fixed_price_waits(customer, bindparam("tier", type_=Text), until),
        exists().where(CouponRedemptionRow.customer_id == customer, CURRENT),
        NEWEST_CATALOG,
        NEWEST_SELLER,
        TAX_VERSIONS,
        newest.c.observed_at,
        newest.c.members,
        newest.c.guests,
    ).select_from(select(literal(1).label("n")).subquery().outerjoin(newest, true()))


def _so_far(mine: ColumnElement[bool]) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    """Return what plans of a customer are live, wait for their purchase, or ran."""
    return (
        and_(mine, RUNS),
        and_(mine, CustomerPlan.awaiting_invoice_id.is_not(None)),
        and_(mine, CustomerPlan.id == LicenseLedger.plan_id),
    )


def _newest_observation(customer: ColumnElement[UUID], until: ColumnElement[datetime]) -> Select[SeatRow]:
    mine = SeatRow.customer_id == customer, SeatRow.observed_at <= until
    return select(SeatRow).where(*mine).order_by(SeatRow.observed_at.desc()).limit(1)


_SURROUNDINGS = _surroundings_query()


async def plans_so_far(session: AsyncSession, customer: CustomerRow) -> tuple[bool, bool, bool]:
    """Tell whether the customer has a live plan, is buying one, and had one that ran."""
    has_live, is_buying, had = await _which_exist(session, *_so_far(CustomerPlan.customer_id == customer.id))
    return has_live, is_buying, had


async def _which_exist(session: AsyncSession, *conditions: ColumnElement[bool]) -> list[bool]:
    row = (await session.execute(select(*(exists().where(condition) for condition in conditions)))).one()
    return [bool(value) for value in row]


async def newest_observation(session: AsyncSession, customer: CustomerRow, at: datetime) -> SeatObservation | None:
    """Load the newest seat observation of a customer up to *at*."""
    row = (await session.scalars(_newest_observation(literal(customer.id), literal(at)))).one_or_none()
    return from_row(SeatObservation, row) if row else None


async def checked_clock(session: AsyncSession, customer: CustomerRow, clock_id: str | None) -> TestClock | None:
    """Return the test clock a new plan is attached to; all plans of a customer live in the same time.

    Raises `NotFound`, or `Refused` where the customer has plans in another time.
    """
    clock = await row_by_id(session, TestClock, clock_id, "test clock") if clock_id else None
    in_other_time = CustomerPlan.test_clock_id.is_distinct_from(clock.id if clock else None)
    elsewhere = and_(CustomerPlan.customer_id == customer.id, in_other_time)
    return in_one_time(clock, elsewhere=(await _which_exist(session, elsewhere))[0])


def in_one_time(clock: TestClock | None, *, elsewhere: bool) -> TestClock | None:
    """Return the test clock of a new plan; raises `Refused` where the customer has plans *elsewhere* in time."""
    if elsewhere:
        raise Refused(
            "The customer has plans in another time; use one test clock for all of them, or a new customer.",
            code="test_clock_mismatch",
            field="test_clock_id",
        )
    return clock
