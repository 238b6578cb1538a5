"""Deliveries: messages on the delivery stream of their customer and endpoint, and the log of attempts to send them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.webhook_policy import pause_after
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.endpoints import (
    Attempt,
    CustomerDelivery,
    DeliveryOutcome,
    DeliveryRecord,
    DeliveryStream,
    EndpointStatus,
    Message,
    MessageStatus,
)
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import CustomerRow, EventDelivery, OutboxEvent, WebhookEndpoint, WebhookMessage
from billflow.ports.webhooks import DeliveryRepository
from billflow.store.audit.personal_data import personal_data_of
from billflow.store.session.database import Repository
from billflow.store.session.filters import within
from billflow.store.session.monitoring import org_ids
from billflow.store.session.paging import page
from billflow.store.session.rows import as_id, as_record, from_row
from billflow.store.webhooks.endpoint_health import record_health
from billflow.store.webhooks.endpoints import load_endpoint
from billflow.store.webhooks.records import message_record

SUSPENDED = "customer.suspended"


class PostgresDeliveryRepository(Repository, DeliveryRepository):
    """Messages and what came of sending them; every method is one transaction and safe to repeat."""

    async def list(self, org_id: str, endpoint_id: str, paging: Paging) -> Page[DeliveryRecord]:
        """Return one page of the attempts, the newest first; raises `NotFound`."""
        async with self.database.unit_of_work(org_id) as session:
            endpoint = await load_endpoint(session, endpoint_id)
            query = select(EventDelivery).where(EventDelivery.endpoint_id == endpoint.id)
            order = (EventDelivery.created_at, EventDelivery.id)
            return await page(session, query, order, paging, lambda row: as_record(DeliveryRecord, row[0]))

    async def of_customer(
        self, ref: CustomerRef, newest: int, before: datetime | None = None
    ) -> tuple[CustomerDelivery, ...]:
        """Return the attempts *before* a moment to deliver so many of the *newest* events about a customer by then.

        The newest attempt comes first.
        """
        mine = select(WebhookMessage.id).where(
            WebhookMessage.customer_id == as_id(ref.customer_id, "customer"),
            *within(WebhookMessage.created_at, None, before),
        )
        sent = mine.order_by(WebhookMessage.position.desc()).limit(newest)
        query = (
            select(EventDelivery, OutboxEvent.type, WebhookEndpoint.url)
            .join(OutboxEvent, OutboxEvent.id == EventDelivery.event_id)
            .join(WebhookEndpoint, WebhookEndpoint.id == EventDelivery.endpoint_id)
            .where(EventDelivery.message_id.in_(sent), *within(EventDelivery.created_at, None, before))
            .order_by(EventDelivery.created_at.desc(), EventDelivery.id)
            .limit(newest)
        )
        async with self.database.unit_of_work(ref.org_id) as session:
            rows = await session.execute(query)
            return tuple(from_row(CustomerDelivery, row, type=type_, url=url) for row, type_, url in rows)

    async def organizations_with_open_streams(self) -> tuple[str, ...]:
        query = select(WebhookMessage.org_id).where(WebhookMessage.status == MessageStatus.PENDING).distinct()
        return await org_ids(self.database, query)

    async def open_streams(self, org_id: str, endpoint_id: str | None = None) -> tuple[DeliveryStream, ...]:
        mine = [WebhookMessage.endpoint_id == as_id(endpoint_id, "webhook endpoint")] if endpoint_id else []
        async with self.database.unit_of_work(org_id) as session:
            return tuple(await open_streams(session, org_id, *mine))

    async def next_message(self, stream: DeliveryStream) -> Message | None:
        query = (
            select(WebhookMessage, OutboxEvent, WebhookEndpoint, CustomerRow.suspended_at)
            .join(OutboxEvent, OutboxEvent.id == WebhookMessage.event_id)
            .join(WebhookEndpoint, WebhookEndpoint.id == WebhookMessage.endpoint_id)
            .outerjoin(CustomerRow, CustomerRow.id == WebhookMessage.customer_id)
            .where(WebhookMessage.status == MessageStatus.PENDING, *_on(stream))
            .order_by(WebhookMessage.position)
            .limit(1)
        )
        async with self.database.unit_of_work(stream.org_id) as session:
            found = (await session.execute(query)).one_or_none()
            if found is None or found[2].status is not EndpointStatus.ENABLED:
                return None
            message, event, endpoint, suspended_at = found
            if suspended_at is not None and await _is_suspended_from(session, message):
                return None
            reader = await personal_data_of(session, [event.customer_id])
            return message_record(message, event, endpoint, reader)

    async def record_attempt(self, stream: DeliveryStream, attempt: Attempt) -> None:
        async with self.database.unit_of_work(stream.org_id) as session:
            message = await session.get(WebhookMessage, UUID(attempt.message_id), with_for_update=True)
            if message is None or message.status is not MessageStatus.PENDING:
                return
            # First, because writing the delivery locks the endpoint a little, and two of them could then lock no more.
            await record_health(session, message.endpoint_id, attempt)
            session.add(_delivery(message, attempt))
            if attempt.delivered:
                message.status, message.next_attempt_at = MessageStatus.DELIVERED, None
                return
            message.failures += 1
            pause = None if attempt.unsubscribes else pause_after(message.failures)
            message.next_attempt_at = attempt.at + pause if pause else None
            message.status = MessageStatus.PENDING if pause else MessageStatus.FAILED


async def open_streams(session: AsyncSession, org_id: str, *conditions: ColumnElement[bool]) -> list[DeliveryStream]:
    """Return the delivery streams that fulfil the conditions, with something to send and nothing that forbids it."""
    query = (
        select(WebhookMessage.endpoint_id, WebhookMessage.customer_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookMessage.endpoint_id)
        .outerjoin(CustomerRow, CustomerRow.id == WebhookMessage.customer_id)
        .where(
            WebhookMessage.status == MessageStatus.PENDING,
            WebhookEndpoint.status == EndpointStatus.ENABLED,
            CustomerRow.suspended_at.is_(None),
            *conditions,
        )
        .distinct()
    )
    return [stream_of(org_id, *found) for found in await session.execute(query)]


def stream_of(org_id: object, endpoint_id: UUID, customer_id: UUID | None) -> DeliveryStream:
    """Return the delivery stream of a customer's events, or the organization's own, to an endpoint."""
    return DeliveryStream(
        org_id=str(org_id), endpoint_id=str(endpoint_id), customer_id=None if customer_id is None else str(customer_id)
    )


async def _is_suspended_from(session: AsyncSession, message: WebhookMessage) -> bool:
    suspension = OutboxEvent.customer_id == message.customer_id, OutboxEvent.type == SUSPENDED
    last = await session.scalar(select(func.max(OutboxEvent.sequence)).where(*suspension))
    return message.replay_id is not None or last is None or message.sequence > last


def _on(stream: DeliveryStream) -> list[ColumnElement[bool]]:
    customer = WebhookMessage.customer_id
    whose = customer.is_(None) if stream.customer_id is None else customer == UUID(stream.customer_id)
    return [WebhookMessage.endpoint_id == UUID(stream.endpoint_id), whose]


def _delivery(message: WebhookMessage, attempt: Attempt) -> EventDelivery:
    return EventDelivery(
        org_id=message.org_id,
        message_id=message.id,
        endpoint_id=message.endpoint_id,
        event_id=message.event_id,
        attempt=message.failures + 1,
        outcome=DeliveryOutcome.DELIVERED if attempt.delivered else DeliveryOutcome.FAILED,
        status_code=attempt.status_code,
        error=attempt.error,
        duration_ms=attempt.duration_ms,
        at=attempt.at,
    )
