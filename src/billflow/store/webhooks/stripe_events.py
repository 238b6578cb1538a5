"""Stripe's events as rows, and what they say about invoices."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus, InvoiceStatusChanged
from billflow.models.contracts.steps import PlanRef
from billflow.models.contracts.webhooks import StripeEvent
from billflow.models.tables import CustomerPlan, InvoiceRow, Org, TestClock, WebhookEvent
from billflow.store.invoices.collection import LockedInvoice, held_invoice
from billflow.store.invoices.drafts import UNPAID, void
from billflow.store.plans.mapping import as_json
from billflow.store.session.database import Database, as_id

_GIVEN_UP_ON_BY = {
    InvoiceStatus.VOID: (*UNPAID, InvoiceStatus.UNCOLLECTIBLE),
    InvoiceStatus.UNCOLLECTIBLE: UNPAID,
}


@dataclass(frozen=True)
class PostgresStripeEvents:
    """`StripeEventRepository` on PostgreSQL."""

    database: Database

    async def store_event(self, org_id: str, event: StripeEvent, received_at: datetime) -> bool:
        """Keep an event; tell whether it is new. One of an organization nobody knows is left."""
        row = insert(WebhookEvent).values(
            org_id=as_id(org_id, "organization"),
            stripe_event_id=event.event_id,
            type=event.type,
            payload=as_json(event),
            received_at=received_at,
        )
        async with self.database.unit_of_work(org_id) as session:
            if await session.get(Org, as_id(org_id, "organization")) is None:
                return False
            done = await session.execute(row.on_conflict_do_nothing().returning(WebhookEvent.id))
            return done.one_or_none() is not None

    async def unhandled_events(self, org_id: str, limit: int, *, besides: Collection[str] = ()) -> list[StripeEvent]:
        """Return the events nobody has handled yet, the oldest first, leaving out the ids *besides*."""
        query = (
            select(WebhookEvent.payload)
            .where(WebhookEvent.handled_at.is_(None), WebhookEvent.stripe_event_id.not_in(besides))
            .order_by(WebhookEvent.received_at)
            .limit(limit)
        )
        async with self.database.unit_of_work(org_id) as session:
            payloads: Sequence[object] = (await session.scalars(query)).all()
        return [StripeEvent.model_validate(payload) for payload in payloads]

    async def mark_handled(self, org_id: str, event_id: str, at: datetime) -> None:
        """Remember that nothing is left to do about an event."""
        query = update(WebhookEvent).where(WebhookEvent.stripe_event_id == event_id, WebhookEvent.handled_at.is_(None))
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(query.values(handled_at=at))

    async def record_closed(
        self, ref: InvoiceRef, status: InvoiceStatus, at: datetime, amount_paid: int | None = None
    ) -> InvoiceStatusChanged | None:
        """Write down that Stripe says an invoice is paid, void or uncollectible; None for one that isn't ours."""
        async with self.database.unit_of_work(ref.org_id) as session:
            try:
                moment = await _clock_of(session, ref) or at
                held = await held_invoice(session, ref, moment)
            except NotFound:
                return None
            _settle(held, status, amount_paid)
            plan = PlanRef(org_id=ref.org_id, plan_id=str(held.plan.id))
            status = held.invoice.status
            return InvoiceStatusChanged(plan=plan, invoice_id=ref.invoice_id, status=status, at=moment)


async def _clock_of(session: AsyncSession, ref: InvoiceRef) -> datetime | None:
    query = (
        select(TestClock.now_at)
        .join(CustomerPlan, CustomerPlan.test_clock_id == TestClock.id)
        .join(InvoiceRow, InvoiceRow.plan_id == CustomerPlan.id)
        .where(InvoiceRow.id == as_id(ref.invoice_id, "invoice"))
    )
    return (await session.scalars(query)).one_or_none()


def _settle(held: LockedInvoice, status: InvoiceStatus, amount_paid: int | None) -> None:
    invoice = held.invoice
    if status is InvoiceStatus.PAID:
        due = invoice.total if invoice.amount_due is None else invoice.amount_due
        held.settle(due if amount_paid is None else amount_paid)
    elif invoice.status not in _GIVEN_UP_ON_BY[status]:
        return
    elif status is InvoiceStatus.VOID:
        void(invoice, held.customer, held.recorder)
    else:
        held.give_up()
