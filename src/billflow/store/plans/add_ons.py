"""The add-ons of plans: what each holds and renews with, by the newest entry about each in its ledger."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.catalog import Catalog
from billflow.domain.catalog_check import AddOnUse
from billflow.domain.cycle import SWITCHES
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.add_ons import AddOnRecord
from billflow.models.tables import CustomerPlan, LicenseLedger

_NEWEST = (
    select(LicenseLedger)
    .where(LicenseLedger.add_on.is_not(None))
    .ext(distinct_on(LicenseLedger.plan_id, LicenseLedger.add_on))
    .order_by(LicenseLedger.plan_id, LicenseLedger.add_on, LicenseLedger.seq.desc())
)


async def add_ons_of(session: AsyncSession, plan: CustomerPlan, catalog: Catalog) -> tuple[AddOnRecord, ...]:
    """Return what a plan holds and renews with of each add-on, as *catalog* calls them."""
    rows = await session.scalars(_NEWEST.where(LicenseLedger.plan_id == plan.id))
    return tuple(
        AddOnRecord(
            add_on=str(row.add_on),
            name=catalog.add_on_name(str(row.add_on)),
            quantity=row.licenses,
            quantity_at_next_renewal=row.licenses_at_next_renewal,
            price=row.price or 0,
            currency=plan.currency,
            amount_at_next_renewal=(row.price or 0) * row.licenses_at_next_renewal,
        )
        for row in rows
        if row.licenses or row.licenses_at_next_renewal
    )


async def add_on_amounts(session: AsyncSession, plans: Sequence[UUID] | Select[UUID]) -> dict[UUID, int]:
    """Return what the add-ons of plans cost at their next renewal, for a cycle; *plans* are ids, or select them."""
    newest = _NEWEST.where(LicenseLedger.plan_id.in_(plans)).subquery()
    cost = func.sum(newest.c.price * newest.c.licenses_at_next_renewal)
    query = select(newest.c.plan_id, cost).group_by(newest.c.plan_id)
    return {plan_id: int(amount) for plan_id, amount in await session.execute(query)}


async def add_on_uses(session: AsyncSession) -> list[AddOnUse]:
    """Return which add-ons plans that have not ended hold, or renew with."""
    newest = _NEWEST.subquery()
    query = (
        select(
            newest.c.add_on,
            CustomerPlan.currency,
            func.count(),
            func.array_agg(CustomerPlan.status.distinct()),
        )
        .join(CustomerPlan, CustomerPlan.id == newest.c.plan_id)
        .where(CustomerPlan.status != PlanStatus.ENDED)
        .where(or_(newest.c.licenses > 0, newest.c.licenses_at_next_renewal > 0))
        .group_by(newest.c.add_on, CustomerPlan.currency)
        .order_by(newest.c.add_on, CustomerPlan.currency)
    )
    return [
        AddOnUse(
            code,
            currency,
            frozenset(SWITCHES[status] for status in map(PlanStatus, statuses) if status in SWITCHES),
            plans,
        )
        for code, currency, plans, statuses in await session.execute(query)
    ]
