"""The one-off items of plans: those a step starts from, what it decided, and all of them as they are shown."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.items import Item, ItemStatus
from billflow.domain.step import Outcome
from billflow.models.contracts.items import ItemRecord
from billflow.models.tables import CustomerPlan, InvoiceLineRow, PlanItem
from billflow.store.session.rows import field_names, from_row

HAS_ITEMS = exists().where(PlanItem.plan_id == CustomerPlan.id)
"""Whether a plan has any, for a query that loads the plan."""


async def open_items(session: AsyncSession, plan: CustomerPlan) -> tuple[Item, ...]:
    """Load the items that are still to be billed, and the newest of all: its number tells that of the next one."""
    mine = PlanItem.plan_id == plan.id
    newest = select(func.max(PlanItem.seq)).where(mine).scalar_subquery()
    wanted = or_(PlanItem.status == ItemStatus.PENDING, PlanItem.seq == newest)
    query = select(PlanItem).where(mine, wanted).order_by(PlanItem.seq)
    return tuple(from_row(Item, row) for row in await session.scalars(query))


async def write_items(session: AsyncSession, outcome: Outcome, plan: CustomerPlan, lines: Mapping[int, UUID]) -> None:
    """Write the items that a step added, billed or withdrew; *lines* are those that bill one, by its number."""
    if not outcome.items:
        return
    known = {row.seq: row for row in await session.scalars(select(PlanItem).where(PlanItem.plan_id == plan.id))}
    for item in outcome.items:
        row = known.get(item.seq) or PlanItem(org_id=plan.org_id, plan_id=plan.id)
        for name in field_names(Item):
            setattr(row, name, getattr(item, name))
        row.invoice_line_id = lines.get(item.seq)
        session.add(row)


async def items_of(session: AsyncSession, plan: CustomerPlan) -> tuple[ItemRecord, ...]:
    """Return all items of a plan in the order they were added, each with the invoice that billed it."""
    query = (
        select(PlanItem, InvoiceLineRow.invoice_id)
        .outerjoin(InvoiceLineRow, InvoiceLineRow.id == PlanItem.invoice_line_id)
        .where(PlanItem.plan_id == plan.id)
        .order_by(PlanItem.seq)
    )
    return tuple(
        from_row(
            ItemRecord,
            row,
            item=row.seq,
            amount=row.unit_amount * row.quantity,
            currency=plan.currency,
            invoice_id=invoice_id,
        )
        for row, invoice_id in await session.execute(query)
    )
