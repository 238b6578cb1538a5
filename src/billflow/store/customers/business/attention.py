"""What doesn't go on by itself: plans on hold, findings, endpoints, and how long the oldest of each queue waits."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.business import FailingEndpoint, HoldReason, OpenFindings, QueueAge
from billflow.models.contracts.endpoints import EndpointStatus, MessageStatus
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.tables import (
    CustomerPlan,
    InvoiceRow,
    OutboxEvent,
    OutboxPending,
    ReconciliationFinding,
    ReconciliationRunRow,
    WebhookEndpoint,
    WebhookEvent,
    WebhookMessage,
)
from billflow.store.session.rows import from_row


async def on_hold(session: AsyncSession) -> list[HoldReason]:
    """Return how many plans are on hold, by the code of why."""
    code = CustomerPlan.attention_code
    counts = func.count().label("plans"), func.min(CustomerPlan.attention_since).label("since")
    query = select(code.label("code"), *counts).where(code.is_not(None)).group_by(code).order_by(code)
    return [from_row(HoldReason, row) for row in await session.execute(query)]


async def findings(session: AsyncSession) -> tuple[datetime | None, list[OpenFindings]]:
    """Return when the newest reconciliation began, and what it left unrepaired."""
    run, found = ReconciliationRunRow, ReconciliationFinding
    newest = (await session.scalars(select(run).order_by(run.started_at.desc()).limit(1))).one_or_none()
    if newest is None:
        return None, []
    group = found.severity, found.kind
    query = select(*group, func.count().label("findings")).where(found.run_id == newest.id, found.repaired_at.is_(None))
    rows = await session.execute(query.group_by(*group).order_by(*group))
    return newest.started_at, [from_row(OpenFindings, row) for row in rows]


async def failing_endpoints(session: AsyncSession) -> list[FailingEndpoint]:
    """Return the endpoints where deliveries fail, or that were disabled because they did, and how much waits."""
    endpoint, message = WebhookEndpoint, WebhookMessage
    pending = message.status == MessageStatus.PENDING
    waiting = select(func.count()).where(message.endpoint_id == endpoint.id, pending).scalar_subquery()
    disabled = and_(endpoint.status == EndpointStatus.DISABLED, endpoint.disabled_reason.is_not(None))
    fails = or_(endpoint.failing_since.is_not(None), disabled)
    query = select(endpoint, waiting).where(endpoint.deleted_at.is_(None), fails).order_by(endpoint.created_at)
    return [
        from_row(FailingEndpoint, row, endpoint_id=str(row.id), waiting=count)
        for row, count in await session.execute(query)
    ]


async def queues(session: AsyncSession) -> list[QueueAge]:
    """Return how much waits to be sent to Stripe, comes from it, and goes out as events, and since when."""
    unsent = await _waiting(session, InvoiceRow.created_at, InvoiceRow.status == InvoiceStatus.DRAFT)
    incoming = await _waiting(session, WebhookEvent.received_at, WebhookEvent.handled_at.is_(None))
    pending = select(OutboxPending.event_id)
    outgoing = await _waiting(session, OutboxEvent.created_at, OutboxEvent.id.in_(pending))
    found = {"unsent_invoices": unsent, "stripe_events": incoming, "outgoing_events": outgoing}
    return [QueueAge(queue=name, waiting=count, oldest=oldest) for name, (count, oldest) in found.items()]


async def _waiting(session: AsyncSession, at: Any, which: ColumnElement[bool]) -> tuple[int, datetime | None]:
    count, oldest = (await session.execute(select(func.count(), func.min(at)).where(which))).one()
    return count, oldest
