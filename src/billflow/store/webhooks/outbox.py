"""The outbox: events in the order they were recorded, and the queue of those that no endpoint was sent yet."""

from collections.abc import Iterable, Sequence
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.endpoints import (
    DeliveryStream,
    EndpointStatus,
    EventFilter,
    EventRecord,
    ReplayCreate,
    RoutingResult,
)
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import OutboxEvent, OutboxPending, WebhookEndpoint, WebhookMessage
from billflow.store.access.tax_waits import waiting_for_tax
from billflow.store.audit.personal_data import personal_data_of
from billflow.store.audit.recorder import recorder_of, why
from billflow.store.session.database import Repository, advisory_lock
from billflow.store.session.filters import Conditions, equal
from billflow.store.session.monitoring import ROLE
from billflow.store.session.paging import page
from billflow.store.session.rows import row_by_id
from billflow.store.webhooks.deliveries import open_streams, stream_of
from billflow.store.webhooks.endpoints import load_endpoint
from billflow.store.webhooks.records import event_record

MOST_ROUTED = 500
MOST_REPLAYED = 10_000
RENAMING = frozenset({"customer.updated", "billing_account.updated"})
"""After which Stripe may call a payer by another name or e-mail than we do."""

ACTIVATED = "customer.activated"

_WAITING = "SELECT DISTINCT org_id FROM outbox_pending"
_OLDEST = (
    select(OutboxEvent).join(OutboxPending, OutboxPending.event_id == OutboxEvent.id).order_by(OutboxPending.sequence)
)
_ENABLED = select(WebhookEndpoint).where(WebhookEndpoint.status == EndpointStatus.ENABLED)


class PostgresOutboxRepository(Repository):
    """Events, and the messages made of them; every method is one transaction and safe to repeat."""

    async def list(self, org_id: str, wanted: EventFilter, paging: Paging) -> Page[EventRecord]:
        """Return one page of the events, the newest first."""
        query = select(OutboxEvent).where(*_conditions(wanted))
        async with self.database.unit_of_work(org_id) as session:
            found = await page(session, query, (OutboxEvent.sequence,), paging, lambda row: row[0])
            reader = await personal_data_of(session, [event.customer_id for event in found.rows])
            rows = tuple(event_record(event, reader) for event in found.rows)
            return Page(rows=rows, total=found.total, next=found.next)

    async def organizations_with_new_events(self) -> tuple[str, ...]:
        """Return the ids of the organizations of which events wait to be routed."""
        return tuple(map(str, await self.database.look(_WAITING, role=ROLE)))

    async def route(self, org_id: str) -> RoutingResult:
        """Make messages of the oldest waiting events for every endpoint that was there by then and wants them.

        Run twice, it makes them once; two at once take turns, so that messages keep the order of their events.
        """
        async with self.database.unit_of_work(org_id) as session:
            await advisory_lock(session, f"{org_id} outbox")
            events = (await session.scalars(_OLDEST.limit(MOST_ROUTED))).all()
            endpoints = (await session.scalars(_ENABLED)).all()
            streams = await _write_messages(session, events, endpoints)
            back = [event.customer_id for event in events if event.type == ACTIVATED]
            resumed = await open_streams(session, org_id, WebhookMessage.customer_id.in_(back)) if back else []
            plan_ids, invoice_ids = await waiting_for_tax(session, events)
        return RoutingResult(
            event_ids=tuple(str(event.id) for event in events),
            streams=tuple(dict.fromkeys([*streams, *resumed])),
            renamed=tuple(
                CustomerRef(org_id=org_id, customer_id=str(customer_id))
                for customer_id in dict.fromkeys(event.customer_id for event in events if event.type in RENAMING)
                if customer_id is not None
            ),
            taxable_plan_ids=plan_ids,
            taxable_invoice_ids=invoice_ids,
        )

    async def dequeue(self, org_id: str, event_ids: Sequence[str]) -> None:
        """Take events out of the queue, once their delivery streams were woken."""
        ids = [UUID(event_id) for event_id in event_ids]
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(delete(OutboxPending).where(OutboxPending.event_id.in_(ids)))

    async def replay(self, org_id: str, endpoint_id: str, ask: ReplayCreate, change: ChangeContext) -> int:
        """Make messages of events that happened before, and return how many; raises `NotFound` or `InvalidInput`."""
        if (ask.event_id is None) == (ask.since is None):
            raise InvalidInput("Name either event_id or since.", code="bad_replay", field="event_id")
        async with self.database.unit_of_work(org_id) as session:
            await advisory_lock(session, f"{org_id} outbox")
            endpoint = await load_endpoint(session, endpoint_id)
            events = await _replayed(session, ask)
            every_type = ask.event_id is not None
            sent = await _write_messages(session, events, [endpoint], replay_id=uuid4(), every_type=every_type)
            detail = why(change, **ask.model_dump(mode="json", exclude_none=True), messages=len(sent))
            recorder = recorder_of(session, endpoint.org_id, change)
            recorder.audit("webhook_endpoint.replayed", ("webhook_endpoint", endpoint.id), detail=detail)
            return len(sent)


async def _write_messages(
    session: AsyncSession,
    events: Iterable[OutboxEvent],
    endpoints: Sequence[WebhookEndpoint],
    *,
    replay_id: UUID | None = None,
    every_type: bool = False,
) -> list[DeliveryStream]:
    """Write a message for each event and endpoint that wants it, in order; return the delivery stream of each.

    An endpoint wants what was recorded since it was made, and in a replay what was before too.
    """
    wanted = [
        (event, endpoint)
        for event in events
        for endpoint in endpoints
        if every_type or not endpoint.event_types or event.type in endpoint.event_types
        if replay_id or event.created_at >= endpoint.created_at
    ]
    if wanted:
        rows = [
            {
                "org_id": event.org_id,
                "endpoint_id": endpoint.id,
                "event_id": event.id,
                "sequence": event.sequence,
                "customer_id": event.customer_id,
                "replay_id": replay_id,
            }
            for event, endpoint in wanted
        ]
        await session.execute(insert(WebhookMessage).on_conflict_do_nothing(), rows)
    return [stream_of(event.org_id, endpoint.id, event.customer_id) for event, endpoint in wanted]


async def _replayed(session: AsyncSession, ask: ReplayCreate) -> Sequence[OutboxEvent]:
    if ask.event_id is not None:
        return [await row_by_id(session, OutboxEvent, ask.event_id, "event")]
    query = select(OutboxEvent).where(OutboxEvent.created_at >= ask.since).order_by(OutboxEvent.sequence)
    events = (await session.scalars(query.limit(MOST_REPLAYED + 1))).all()
    if len(events) > MOST_REPLAYED:
        raise InvalidInput(
            f"More than {MOST_REPLAYED} events were recorded since then; name a later moment.",
            code="too_many_events",
            field="since",
        )
    return events


def _conditions(wanted: EventFilter) -> Conditions:
    row = OutboxEvent
    conditions = equal(wanted, {"type": row.type, "customer_id": row.customer_id, "plan_id": row.plan_id})
    if wanted.since is not None:
        conditions.append(row.created_at >= wanted.since)
    return conditions
