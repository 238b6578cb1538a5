"""Stripe's events as rows, until they are handled."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Boolean, DateTime, Text, bindparam, case, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.webhooks import (
    ForeignReason,
    ForeignStripeEvent,
    ReceivedStripeEvent,
    StoredEvent,
    StripeEvent,
)
from billflow.models.tables import ForeignStripeEventRow, Org, WebhookEvent
from billflow.ports.stripe_events import StripeEventRepository
from billflow.store.session.database import Repository
from billflow.store.session.filters import within
from billflow.store.session.monitoring import ROLE
from billflow.store.session.rows import as_id, as_json, from_row, row_by_id
from billflow.store.session.sent_directly import fetch
from billflow.store.webhooks.known_payments import IS_KNOWN, paid_invoice_of

_AT = bindparam("at", type_=DateTime(timezone=True))
_COLUMNS = ("org_id", "stripe_event_id", "type", "payload", "received_at", "handled_at")
_STORE = (
    insert(WebhookEvent)
    .from_select(
        _COLUMNS,
        select(
            Org.id,
            bindparam("event_id", type_=Text()),
            bindparam("kind", type_=Text()),
            bindparam("payload", type_=WebhookEvent.payload.type),
            _AT,
            case((or_(bindparam("is_known", type_=Boolean()), IS_KNOWN), _AT)),
        ).where(Org.id == bindparam("of_org")),
        include_defaults=False,
    )
    .on_conflict_do_nothing()
    .returning(WebhookEvent.handled_at.is_(None))
)
_OPEN = update(WebhookEvent).where(
    WebhookEvent.stripe_event_id == bindparam("event_id"), WebhookEvent.handled_at.is_(None)
)
_HANDLED = _OPEN.values(handled_at=_AT)
_HANDLED_IF_KNOWN = _HANDLED.where(IS_KNOWN).returning(WebhookEvent.id)


class PostgresStripeEventRepository(Repository, StripeEventRepository):
    """Stripe's events in PostgreSQL, each once."""

    async def store_event(self, org_id: str, event: StripeEvent, received_at: datetime) -> StoredEvent:
        values = {
            "of_org": as_id(org_id, "organization"),
            "event_id": event.event_id,
            "kind": event.type,
            "payload": as_json(event),
            "at": received_at,
            "is_known": event.is_known,
            "of_invoice": paid_invoice_of(event),
        }
        async with self.database.unit_of_work(org_id, by_keys=True) as session:
            if stored := await fetch(session, _STORE, values):
                return StoredEvent(is_new=True, waits=stored[0][0])
            await row_by_id(session, Org, org_id, "organization")
            return StoredEvent(is_new=False, waits=False)

    async def store_foreign(self, event: StripeEvent, reason: ForeignReason, received_at: datetime) -> None:
        row = insert(ForeignStripeEventRow).values(
            stripe_event_id=event.event_id,
            type=event.type,
            reason=reason,
            payload=as_json(event),
            received_at=received_at,
        )
        async with self.database.transaction(ROLE) as session:
            await session.execute(row.on_conflict_do_nothing())

    async def list_foreign(self, limit: int) -> tuple[ForeignStripeEvent, ...]:
        """Return the newest events that belong to no organization."""
        query = select(ForeignStripeEventRow).order_by(ForeignStripeEventRow.received_at.desc()).limit(limit)
        async with self.database.transaction(ROLE) as session:
            rows = await session.scalars(query)
            return tuple(
                from_row(ForeignStripeEvent, row, event_id=row.stripe_event_id, objects=row.payload["objects"])
                for row in rows
            )

    async def of_customer(
        self, ref: CustomerRef, newest: int, before: datetime | None = None
    ) -> tuple[ReceivedStripeEvent, ...]:
        """Return so many of the *newest* events of Stripe's about a customer *before* a moment, the newest first."""
        query = (
            select(WebhookEvent)
            .where(WebhookEvent.of_customer == ref.customer_id, *within(WebhookEvent.received_at, None, before))
            .order_by(WebhookEvent.received_at.desc())
            .limit(newest)
        )
        async with self.database.unit_of_work(ref.org_id) as session:
            rows = await session.scalars(query)
            return tuple(
                from_row(ReceivedStripeEvent, row, event=StripeEvent.model_validate(row.payload)) for row in rows
            )

    async def unhandled_events(self, org_id: str, limit: int, *, besides: Collection[str] = ()) -> list[StripeEvent]:
        query = (
            select(WebhookEvent.payload)
            .where(WebhookEvent.handled_at.is_(None), WebhookEvent.stripe_event_id.not_in(besides))
            .order_by(WebhookEvent.received_at)
            .limit(limit)
        )
        async with self.database.unit_of_work(org_id) as session:
            payloads: Sequence[object] = (await session.scalars(query)).all()
        return [StripeEvent.model_validate(payload) for payload in payloads]

    async def mark_known(self, org_id: str, event: StripeEvent, at: datetime) -> bool:
        if (invoice_id := paid_invoice_of(event)) is None:
            return False
        values = {"event_id": event.event_id, "at": at, "of_invoice": invoice_id}
        async with self.database.unit_of_work(org_id, by_keys=True) as session:
            return bool(await fetch(session, _HANDLED_IF_KNOWN, values))

    async def mark_handled(self, org_id: str, event_id: str, at: datetime) -> None:
        async with self.database.unit_of_work(org_id, by_keys=True) as session:
            await fetch(session, _HANDLED, {"event_id": event_id, "at": at})
