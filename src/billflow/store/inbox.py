"""Stripe's events as rows, and what they say about invoices."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus
from billflow.models.contracts.steps import PlanRef
from billflow.models.contracts.webhooks import SettledInvoice, StripeEvent
from billflow.models.tables import CustomerPlan, Invoice, TestClock, WebhookEvent
from billflow.store.engine import Database, as_id
from billflow.store.mapping import as_json
from billflow.store.records import Recorder

_FINAL = frozenset({InvoiceStatus.PAID, InvoiceStatus.VOID})


@dataclass(frozen=True)
class PostgresInbox:
    """`WebhookInbox` on PostgreSQL."""

    database: Database

    async def store_event(self, org_id: str, event: StripeEvent, received_at: datetime) -> bool:
        """Keep an event; tell whether it is new."""
        row = insert(WebhookEvent).values(
            org_id=as_id(org_id, "organization"),
            stripe_event_id=event.event_id,
            type=event.type,
            payload=as_json(event),
            received_at=received_at,
        )
        async with self.database.unit_of_work(org_id) as session:
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

    async def record_settled(self, ref: InvoiceRef, status: InvoiceStatus, at: datetime) -> SettledInvoice | None:
        """Write down that Stripe says an invoice is paid, void or uncollectible; None for one that isn't ours."""
        async with self.database.unit_of_work(ref.org_id) as session:
            found = await _held(session, ref)
            if found is None:
                return None
            invoice, clock_at = found
            moment = clock_at or at
            if invoice.status not in _FINAL and invoice.status is not status:
                _settle(invoice, status, Recorder(session, invoice.org_id, moment, actor="stripe"))
            plan = PlanRef(org_id=str(invoice.org_id), plan_id=str(invoice.plan_id))
            return SettledInvoice(plan=plan, status=invoice.status, at=moment)


async def _held(session: AsyncSession, ref: InvoiceRef) -> tuple[Invoice, datetime | None] | None:
    query = (
        select(Invoice, TestClock.now_at)
        .join(CustomerPlan, CustomerPlan.id == Invoice.plan_id)
        .outerjoin(TestClock, TestClock.id == CustomerPlan.test_clock_id)
        .where(Invoice.id == as_id(ref.invoice_id, "invoice"))
        .with_for_update(of=Invoice, key_share=True)
    )
    row = (await session.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


def _settle(invoice: Invoice, status: InvoiceStatus, recorder: Recorder) -> None:
    before = invoice.status
    invoice.status, invoice.next_attempt_at = status, None
    if status is InvoiceStatus.PAID:
        owed = invoice.total if invoice.amount_due is None else invoice.amount_due
        invoice.amount_paid, invoice.paid_at = owed, recorder.at
    elif status is InvoiceStatus.VOID:
        invoice.voided_at = recorder.at
    recorder.audit(f"invoice.{status}", ("invoice", invoice.id), before={"status": before}, after={"status": status})
    recorder.say(
        f"invoice.{status}",
        {"total": invoice.total, "currency": invoice.currency},
        customer_id=invoice.customer_id,
        plan_id=invoice.plan_id,
        invoice_id=invoice.id,
    )
