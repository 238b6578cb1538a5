"""How the parallel run of a plan stands, for a cutover: its old subscription, and how the invoices compare."""

from uuid import UUID

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.old_system import ParallelRunStanding
from billflow.models.contracts.imports import ImportKind
from billflow.models.tables import CustomerPlan, ImportedObjectRow
from billflow.parallel_run.comparison import ComparedVerdict, compare, matches_since
from billflow.store.plans.parallel_runs import plans_in_parallel

_OF_STRIPE = "sub_"
"""What the ids of Stripe's subscriptions begin with."""


async def standing_of(session: AsyncSession, plan: CustomerPlan) -> ParallelRunStanding | None:
    """Return how the parallel run of a plan stands, None where it was in none."""
    if plan.parallel_run_since is None:
        return None
    dates = [date for one in await plans_in_parallel(session, [plan.customer_id]) for date in compare(one.billed)]
    return ParallelRunStanding(
        compared=sum(one.verdict is not ComparedVerdict.WAITING for one in dates),
        matches=matches_since(dates) is not None,
        old_subscription=await _old_subscription(session, plan.id),
    )


async def _old_subscription(session: AsyncSession, plan_id: UUID) -> str | None:
    """Return the subscription at Stripe that a plan, or the one that it followed, was imported from."""
    first = select(CustomerPlan.id, CustomerPlan.predecessor_id, literal(0).label("age"))
    plans = first.where(CustomerPlan.id == plan_id).cte(recursive=True)
    before = select(CustomerPlan.id, CustomerPlan.predecessor_id, plans.c.age + 1)
    plans = plans.union_all(before.join(plans, CustomerPlan.id == plans.c.predecessor_id))
    query = (
        select(ImportedObjectRow.external_id)
        .join(plans, plans.c.id == ImportedObjectRow.object_id)
        .where(ImportedObjectRow.kind == ImportKind.PLAN, ImportedObjectRow.external_id.startswith(_OF_STRIPE))
        .order_by(plans.c.age)
        .limit(1)
    )
    return (await session.scalars(query)).one_or_none()
