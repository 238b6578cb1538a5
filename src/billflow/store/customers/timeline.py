"""What happened to a customer: steps and events of its plans, events about itself, and who did it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.records import CustomerTimelineEntry, TimelineEntry
from billflow.models.tables import AuditLog, CustomerPlan, OutboxEvent, StepRow
from billflow.store.access.actor_names import actor_names
from billflow.store.audit.personal_data import personal_data_of
from billflow.store.plans.records import event_entry, step_entry
from billflow.store.session.database import Repository
from billflow.store.session.filters import within
from billflow.store.session.rows import as_id


class PostgresTimelineQueries(Repository):
    """What the records say happened to customers; nothing here writes."""

    async def of_customer(
        self, ref: CustomerRef, newest: int, before: datetime | None = None
    ) -> tuple[CustomerTimelineEntry, ...]:
        """Return so many of the *newest* steps of each plan and of the newest events, recorded *before* a moment.

        Who caused an event is told where an audit entry of its name was written with it (decision 0360).
        """
        customer_id = as_id(ref.customer_id, "customer")
        async with self.database.unit_of_work(ref.org_id) as session:
            steps = (await session.scalars(_steps(customer_id, newest, before))).all()
            events = (await session.scalars(_events(customer_id, newest, before))).all()
            actors = await _actors(session, events)
            names = await actor_names(session, [*(step.actor for step in steps), *actors.values()])
            opener = await personal_data_of(session, [customer_id])
        found = [_entry(step_entry(step, names.get(step.actor)), step.plan_id) for step in steps]
        for event in events:
            actor = actors.get((event.created_at, event.type))
            known = {"actor": actor, "actor_name": names.get(actor)}
            found.append(_entry(event_entry(event, opener), event.plan_id, **known))
        return tuple(found)


def _steps(customer_id: UUID, newest: int, before: datetime | None) -> Select[StepRow]:
    of_plan = select(StepRow).where(StepRow.plan_id == CustomerPlan.id, *within(StepRow.created_at, None, before))
    newest_of_plan = of_plan.order_by(StepRow.sequence.desc()).limit(newest).lateral()
    step = aliased(StepRow, newest_of_plan)
    return select(step).select_from(CustomerPlan).join(step, true()).where(CustomerPlan.customer_id == customer_id)


def _events(customer_id: UUID, newest: int, before: datetime | None) -> Select[OutboxEvent]:
    mine = OutboxEvent.customer_id == customer_id, *within(OutboxEvent.created_at, None, before)
    return select(OutboxEvent).where(*mine).order_by(OutboxEvent.sequence.desc()).limit(newest)


async def _actors(session: AsyncSession, events: Sequence[OutboxEvent]) -> Mapping[tuple[datetime, str], str]:
    """Return who caused events, by when they were recorded and their type; nobody where that tells two apart."""
    query = (
        select(AuditLog.created_at, AuditLog.action, AuditLog.actor)
        .where(AuditLog.created_at.in_({event.created_at for event in events}))
        .where(AuditLog.action.in_({event.type for event in events}))
    )
    found = dict[tuple[datetime, str], set[str]]()
    for at, action, actor in await session.execute(query):
        found.setdefault((at, action), set()).add(actor)
    return {key: next(iter(actors)) for key, actors in found.items() if len(actors) == 1}


def _entry(entry: TimelineEntry, plan_id: UUID | None, **known: Any) -> CustomerTimelineEntry:
    return CustomerTimelineEntry(**{**dict(entry), **known, "plan_id": None if plan_id is None else str(plan_id)})
