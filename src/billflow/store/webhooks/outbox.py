"""Events on their way out: from the queue they wait in, by messages per endpoint, to the log of attempts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Text, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import InvalidInput, NotFound
from billflow.domain.webhook_policy import pause_after
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.endpoints import (
    Attempt,
    DeliveryOutcome,
    DeliveryRecord,
    DeliveryStream,
    EndpointStatus,
    EventFilter,
    EventRecord,
    Message,
    MessageStatus,
    ReplayInput,
    RoutingResult,
)
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import (
    CustomerRow,
    EventDelivery,
    OutboxEvent,
    OutboxPending,
    WebhookEndpoint,
    WebhookMessage,
)
from billflow.store.audit.personal_data import PersonalDataReader, opened
from billflow.store.audit.recorder import recorder_of
from billflow.store.session.database import Database, as_id
from billflow.store.session.monitoring import ROLE as WATCH
from billflow.store.session.paging import page
from billflow.store.session.sequences import sequence_page
from billflow.store.webhooks.endpoint_health import note_health
from billflow.store.webhooks.endpoints import held_endpoint

MOST_ROUTED = 500
MOST_REPLAYED = 10_000
RENAMING = frozenset({"customer.updated", "billing_account.updated"})
"""After which Stripe may call a payer by another name or e-mail than we do."""

SUSPENDED, ACTIVATED = "customer.suspended", "customer.activated"

_ONE_AT_A_TIME = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name", type_=Text), 0)))


@dataclass(frozen=True)
class PostgresOutbox:
    """`ports_delivery.Outbox` on PostgreSQL."""

    database: Database

    async def events(self, org_id: str, wanted: EventFilter, paging: Paging) -> Page[EventRecord]:
        """Return one part of the events, the newest first."""
        query = select(OutboxEvent).where(*_events_that(wanted))
        async with self.database.unit_of_work(org_id) as session:
            found = await sequence_page(session, query, OutboxEvent.sequence, paging, lambda row: row)
            opener = await opened(session, [event.customer_id for event in found.rows])
            rows = tuple(event_record(event, opener) for event in found.rows)
            return Page(rows=rows, total=found.total, next=found.next)

    async def orgs_with_new_events(self) -> tuple[str, ...]:
        """Return the ids of the organizations of which events wait to be looked at."""
        async with self.database.transaction(WATCH) as session:
            return tuple(map(str, await session.scalars(select(OutboxPending.org_id).distinct())))

    async def orgs_with_open_streams(self) -> tuple[str, ...]:
        """Return the ids of the organizations of which messages wait to be sent."""
        query = select(WebhookMessage.org_id).where(WebhookMessage.status == MessageStatus.PENDING).distinct()
        async with self.database.transaction(WATCH) as session:
            return tuple(map(str, await session.scalars(query)))

    async def route(self, org_id: str) -> RoutingResult:
        """Make messages of the oldest waiting events for every endpoint that wants them.

        Run twice, it makes them once; two at once take turns, so that messages keep the order of their events.
        """
        query = (
            select(OutboxEvent)
            .join(OutboxPending, OutboxPending.event_id == OutboxEvent.id)
            .order_by(OutboxPending.sequence)
            .limit(MOST_ROUTED)
        )
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(_ONE_AT_A_TIME, {"name": f"{org_id} outbox"})
            events = (await session.scalars(query)).all()
            enabled = WebhookEndpoint.status == EndpointStatus.ENABLED
            endpoints = (await session.scalars(select(WebhookEndpoint).where(enabled))).all()
            streams = await _send_to(session, events, endpoints)
            back = [event.customer_id for event in events if event.type == ACTIVATED]
            held = await _open_streams(session, org_id, WebhookMessage.customer_id.in_(back)) if back else []
        return RoutingResult(
            event_ids=tuple(str(event.id) for event in events),
            streams=tuple(dict.fromkeys([*streams, *held])),
            renamed=tuple(dict.fromkeys(map(_whom, filter(_may_rename, events)))),
        )

    async def forget(self, org_id: str, event_ids: Sequence[str]) -> None:
        """Let events wait no longer: their delivery streams know of them."""
        ids = [UUID(event_id) for event_id in event_ids]
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(delete(OutboxPending).where(OutboxPending.event_id.in_(ids)))

    async def open_streams(self, org_id: str, endpoint_id: str | None = None) -> tuple[DeliveryStream, ...]:
        """Return the delivery streams on which something waits and nothing forbids to send it."""
        mine = [WebhookMessage.endpoint_id == as_id(endpoint_id, "webhook endpoint")] if endpoint_id else []
        async with self.database.unit_of_work(org_id) as session:
            return tuple(await _open_streams(session, org_id, *mine))

    async def next_message(self, stream: DeliveryStream) -> Message | None:
        """Return the oldest message of a delivery stream; None where there is none, or it must not be sent now.

        While a customer is suspended it hears of nothing that came after the suspension, and of nothing again.
        """
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
            if suspended_at is not None and await _is_held(session, message):
                return None
            opener = await opened(session, [event.customer_id])
            return _message(message, event_record(event, opener), endpoint)

    async def record_attempt(self, stream: DeliveryStream, attempt: Attempt) -> None:
        """Write down what came of sending a message, and when it is tried again."""
        async with self.database.unit_of_work(stream.org_id) as session:
            message = await session.get(WebhookMessage, UUID(attempt.message_id), with_for_update=True)
            if message is None or message.status is not MessageStatus.PENDING:
                return
            # First, because writing the delivery locks the endpoint a little, and two of them could then lock no more.
            await note_health(session, message.endpoint_id, attempt)
            session.add(_delivery(message, attempt))
            if attempt.delivered:
                message.status, message.next_attempt_at = MessageStatus.DELIVERED, None
                return
            message.failures += 1
            pause = None if attempt.gone else pause_after(message.failures)
            message.next_attempt_at = attempt.at + pause if pause else None
            message.status = MessageStatus.PENDING if pause else MessageStatus.FAILED

    async def replay(self, org_id: str, endpoint_id: str, ask: ReplayInput, change: ChangeContext) -> int:
        """Make messages of events that happened before, and return how many; raises `NotFound` or `InvalidInput`."""
        if (ask.event_id is None) == (ask.since is None):
            raise InvalidInput("Name either event_id or since.", code="bad_replay", field="event_id")
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(_ONE_AT_A_TIME, {"name": f"{org_id} outbox"})
            endpoint = await held_endpoint(session, endpoint_id)
            events = await _replayed(session, ask)
            sent = await _send_to(session, events, [endpoint], replay_id=uuid4(), every_type=ask.event_id is not None)
            detail = {**ask.model_dump(mode="json", exclude_none=True), "messages": len(sent)}
            recorder = recorder_of(session, endpoint.org_id, change)
            recorder.audit("webhook_endpoint.replayed", ("webhook_endpoint", endpoint.id), detail=detail)
            return len(sent)

    async def deliveries(self, org_id: str, endpoint_id: str, paging: Paging) -> Page[DeliveryRecord]:
        """Return one part of the attempts, the newest first; raises `NotFound`."""
        async with self.database.unit_of_work(org_id) as session:
            endpoint = await held_endpoint(session, endpoint_id)
            query = select(EventDelivery).where(EventDelivery.endpoint_id == endpoint.id)
            order = (EventDelivery.created_at, EventDelivery.id)
            return await page(session, query, order, paging, lambda row: _delivery_record(row[0]))


async def _send_to(
    session: AsyncSession,
    events: Iterable[OutboxEvent],
    endpoints: Sequence[WebhookEndpoint],
    *,
    replay_id: UUID | None = None,
    every_type: bool = False,
) -> list[DeliveryStream]:
    """Write a message for each event and endpoint that wants it, in order; return the delivery stream of each."""
    wanted = [
        (event, endpoint)
        for event in events
        for endpoint in endpoints
        if every_type or not endpoint.event_types or event.type in endpoint.event_types
    ]
    if wanted:
        rows = [_row(event, endpoint, replay_id) for event, endpoint in wanted]
        await session.execute(insert(WebhookMessage).on_conflict_do_nothing(), rows)
    return [_stream(event.org_id, endpoint.id, event.customer_id) for event, endpoint in wanted]


def _may_rename(event: OutboxEvent) -> bool:
    return event.type in RENAMING and event.customer_id is not None


def _whom(event: OutboxEvent) -> CustomerRef:
    return CustomerRef(org_id=str(event.org_id), customer_id=str(event.customer_id))


def _row(event: OutboxEvent, endpoint: WebhookEndpoint, replay_id: UUID | None) -> dict[str, object]:
    return {
        "org_id": event.org_id,
        "endpoint_id": endpoint.id,
        "event_id": event.id,
        "sequence": event.sequence,
        "customer_id": event.customer_id,
        "replay_id": replay_id,
    }


async def _open_streams(session: AsyncSession, org_id: str, *conditions: ColumnElement[bool]) -> list[DeliveryStream]:
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
    return [_stream(org_id, *found) for found in await session.execute(query)]


async def _is_held(session: AsyncSession, message: WebhookMessage) -> bool:
    effects = OutboxEvent.customer_id == message.customer_id, OutboxEvent.type == SUSPENDED
    last = await session.scalar(select(func.max(OutboxEvent.sequence)).where(*effects))
    return message.replay_id is not None or last is None or message.sequence > last


async def _replayed(session: AsyncSession, ask: ReplayInput) -> Sequence[OutboxEvent]:
    if ask.event_id is not None:
        event = await session.get(OutboxEvent, as_id(ask.event_id, "event"))
        if event is None:
            raise NotFound(f"There is no event {ask.event_id!r}.")
        return [event]
    query = select(OutboxEvent).where(OutboxEvent.created_at >= ask.since).order_by(OutboxEvent.sequence)
    events = (await session.scalars(query.limit(MOST_REPLAYED + 1))).all()
    if len(events) > MOST_REPLAYED:
        raise InvalidInput(
            f"More than {MOST_REPLAYED} events were recorded since then; name a later moment.",
            code="too_many_events",
            field="since",
        )
    return events


def _on(stream: DeliveryStream) -> list[ColumnElement[bool]]:
    customer = WebhookMessage.customer_id
    whose = customer.is_(None) if stream.customer_id is None else customer == UUID(stream.customer_id)
    return [WebhookMessage.endpoint_id == UUID(stream.endpoint_id), whose]


def _stream(org_id: object, endpoint_id: UUID, customer_id: UUID | None) -> DeliveryStream:
    return DeliveryStream(
        org_id=str(org_id),
        endpoint_id=str(endpoint_id),
        customer_id=None if customer_id is None else str(customer_id),
    )


def _message(message: WebhookMessage, event: EventRecord, endpoint: WebhookEndpoint) -> Message:
    return Message(
        message_id=str(message.id),
        endpoint_id=str(endpoint.id),
        event=event,
        url=endpoint.url,
        secret=SecretStr(endpoint.secret),
        old_secret=SecretStr(endpoint.old_secret) if endpoint.old_secret else None,
        old_secret_until=endpoint.old_secret_until,
        failures=message.failures,
        next_attempt_at=message.next_attempt_at,
    )


def _events_that(wanted: EventFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.type is not None:
        conditions.append(OutboxEvent.type == wanted.type)
    if wanted.customer_id is not None:
        conditions.append(OutboxEvent.customer_id == as_id(wanted.customer_id, "customer"))
    if wanted.plan_id is not None:
        conditions.append(OutboxEvent.plan_id == as_id(wanted.plan_id, "plan"))
    if wanted.since is not None:
        conditions.append(OutboxEvent.created_at >= wanted.since)
    return conditions


def event_record(row: OutboxEvent, opener: PersonalDataReader) -> EventRecord:
    """Return an event as it is shown, with what *opener* opens."""
    customer, plan, invoice = (
        None if link is None else str(link) for link in (row.customer_id, row.plan_id, row.invoice_id)
    )
    return EventRecord(
        org_id=str(row.org_id),
        event_id=str(row.id),
        sequence=row.sequence,
        type=row.type,
        at=row.at,
        customer_id=customer,
        plan_id=plan,
        invoice_id=invoice,
        data=opener.open(row.customer_id, row.data),
        recorded_at=row.created_at,
    )


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


def _delivery_record(row: EventDelivery) -> DeliveryRecord:
    return DeliveryRecord(
        delivery_id=str(row.id),
        message_id=str(row.message_id),
        endpoint_id=str(row.endpoint_id),
        event_id=str(row.event_id),
        attempt=row.attempt,
        outcome=row.outcome,
        status_code=row.status_code,
        error=row.error,
        duration_ms=row.duration_ms,
        at=row.at,
    )
