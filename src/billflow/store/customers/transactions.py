"""Transactions about one customer, and in which order they lock rows."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.tables import CustomerPlan, CustomerRow
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.constraints import refused_duplicates
from billflow.store.session.database import Database
from billflow.store.session.rows import NO_KEY, as_id, existing, row_by_id
from billflow.store.session.sent_directly import one_of

RUNS = ~one_of(CustomerPlan.status, [status for status in PlanStatus if not status.is_live])
"""Plans that run."""

LIVE = or_(RUNS, CustomerPlan.awaiting_invoice_id.is_not(None))
"""Plans that run, or wait for their purchase to be paid."""


@asynccontextmanager
async def customer_read(database: Database, ref: CustomerRef) -> AsyncIterator[tuple[CustomerRow, AsyncSession]]:
    """Open a transaction that reads a customer; raises `NotFound`."""
    async with database.unit_of_work(ref.org_id) as session:
        yield await load_customer(session, ref.customer_id), session


@asynccontextmanager
async def customer_change(
    database: Database, ref: CustomerRef, change: ChangeContext
) -> AsyncIterator[tuple[CustomerRow, Recorder]]:
    """Open a transaction that changes a customer, under its lock.

    Raises `NotFound`, or `Refused` for one that was erased, or where what must be unique belongs to another.
    """
    with refused_duplicates():
        async with database.unit_of_work(ref.org_id) as session:
            customer = not_erased(await load_customer(session, ref.customer_id, lock=True))
            yield customer, recorder_of(session, customer.org_id, change)


@asynccontextmanager
async def customer_and_plans_change(
    database: Database, ref: CustomerRef, change: ChangeContext
) -> AsyncIterator[tuple[CustomerRow, Sequence[CustomerPlan], Recorder]]:
    """Open a transaction that changes a customer, under its lock and its live plans'; raises as `customer_change`."""
    async with database.unit_of_work(ref.org_id) as session:
        customer, plans = await lock_with_plans(session, ref.customer_id)
        yield not_erased(customer), plans, recorder_of(session, customer.org_id, change)


def not_erased(customer: CustomerRow) -> CustomerRow:
    """Return the customer; raises `Refused` for one that was erased: nothing about it is to be written any more."""
    refuse_erased(customer.erased_at)
    return customer


def refuse_erased(erased_at: datetime | None) -> None:
    """Raise `Refused` for a customer that was erased at some moment."""
    if erased_at is not None:
        raise Refused("The customer was erased; create a new one.", code="customer_erased")


async def load_customer(session: AsyncSession, customer_id: str, *, lock: bool = False) -> CustomerRow:
    """Return a customer, with *lock* locked until the transaction ends; raises `NotFound`, also for a deleted one."""
    customer = await row_by_id(session, CustomerRow, customer_id, "customer", lock=NO_KEY if lock else None)
    return existing(customer if customer.deleted_at is None else None, "customer", customer_id)


async def lock_with_plans(session: AsyncSession, customer_id: str) -> tuple[CustomerRow, Sequence[CustomerPlan]]:
    """Lock a customer's live plans and then the customer, in the order that steps do; raises `NotFound`."""
    key = as_id(customer_id, "customer")
    query = select(CustomerPlan).where(CustomerPlan.customer_id == key, LIVE).order_by(CustomerPlan.id)
    plans = (await session.scalars(query.with_for_update(key_share=True))).all()
    return await load_customer(session, customer_id, lock=True), plans
