"""What Stripe's events change in the records besides invoices and their adjustments: cards, customers, disputes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.invoices import InvoiceRef
from billflow.models.contracts.webhooks import KnownCard, StripeDispute, StripeObjects
from billflow.models.tables import BillingAccountRow, CustomerPlan, DisputeRow, InvoiceRow, TestClock
from billflow.store.adjustments.foreign import STRIPE
from billflow.store.audit.recorder import Recorder
from billflow.store.invoices.locks import lock_invoice
from billflow.store.session.database import Repository
from billflow.store.session.monitoring import ROLE

_OVER = "won"


class PostgresStripeEventEffects(Repository):
    """Whose an event is, and what it changes; every method is one transaction and safe to repeat."""

    async def owner_of(self, objects: StripeObjects) -> str | None:
        """Return the organization that a Stripe customer or invoice belongs to, None for strangers."""
        async with self.database.transaction(ROLE) as session:
            if objects.invoice is not None:
                query = select(InvoiceRow.org_id).where(InvoiceRow.stripe_invoice_id == objects.invoice)
                if (found := (await session.scalars(query)).one_or_none()) is not None:
                    return str(found)
            if objects.customer is None:
                return None
            query = select(BillingAccountRow.org_id).where(BillingAccountRow.stripe_customer_id == objects.customer)
            owner = (await session.scalars(query)).one_or_none()
        return str(owner) if owner else None

    async def invoice_at(self, org_id: str, stripe_invoice_id: str) -> str | None:
        """Return the id of our invoice that Stripe holds under that id."""
        query = select(InvoiceRow.id).where(InvoiceRow.stripe_invoice_id == stripe_invoice_id)
        async with self.database.unit_of_work(org_id) as session:
            found = (await session.scalars(query)).one_or_none()
        return str(found) if found else None

    async def known_card(self, org_id: str, stripe_customer_id: str) -> KnownCard | None:
        """Return the customer behind a Stripe customer, and the default card the records know of."""
        query = select(BillingAccountRow.customer_id, BillingAccountRow.stripe_payment_method_id).where(
            BillingAccountRow.stripe_customer_id == stripe_customer_id
        )
        async with self.database.unit_of_work(org_id) as session:
            found = (await session.execute(query)).one_or_none()
        return KnownCard(customer_id=str(found[0]), payment_method=found[1]) if found else None

    async def record_card(self, org_id: str, stripe_customer_id: str, method: str | None, at: datetime) -> None:
        """Remember the customer's default card."""
        async with self.database.unit_of_work(org_id) as session:
            account = await _account(session, stripe_customer_id)
            if account is None or account.stripe_payment_method_id == method:
                return
            known_since = account.card_since or await _clock_time(session, account.customer_id) or at
            account.stripe_payment_method_id, account.card_since = method, known_since if method else None
            recorder = Recorder(session, account.org_id, at, STRIPE)
            recorder.audit("customer.card_changed", ("customer", account.customer_id))
            recorder.publish("customer.card_changed", {"has_card": method is not None}, customer_id=account.customer_id)

    async def detach_customer(self, org_id: str, stripe_customer_id: str, at: datetime) -> None:
        """Detach a Stripe customer that was deleted there: the next invoice makes a new one."""
        async with self.database.unit_of_work(org_id) as session:
            account = await _account(session, stripe_customer_id)
            if account is None:
                return
            account.stripe_customer_id = account.stripe_payment_method_id = account.card_since = None
            recorder = Recorder(session, account.org_id, at, STRIPE)
            data = {"stripe_customer_id": stripe_customer_id}
            recorder.audit("customer.deleted_at_stripe", ("customer", account.customer_id), detail=data)
            recorder.publish("customer.deleted_at_stripe", data, customer_id=account.customer_id)

    async def record_dispute(self, org_id: str, dispute: StripeDispute) -> None:
        """Store how a dispute stands, and flag the invoice until the dispute is won."""
        ref = InvoiceRef(org_id=org_id, invoice_id=dispute.invoice_id)
        async with self.database.unit_of_work(org_id) as session:
            locked = await lock_invoice(session, ref, dispute.at)
            data = dispute.model_dump(mode="json", exclude={"at"})
            values = {**dispute.model_dump(exclude={"invoice_id"}), "invoice_id": locked.invoice.id}
            row = insert(DisputeRow).values(org_id=locked.invoice.org_id, **values)
            done = await session.execute(row.on_conflict_do_nothing().returning(DisputeRow.id))
            if done.one_or_none() is None:
                return
            locked.record("invoice.disputed", data)
            newest = await _newest_dispute(session, locked.invoice.id, dispute.stripe_dispute_id)
            over = newest.status == _OVER
            locked.invoice.attention = None if over else f"disputed: {newest.reason}, {newest.status}"


async def _account(session: AsyncSession, stripe_customer_id: str) -> BillingAccountRow | None:
    query = select(BillingAccountRow).where(BillingAccountRow.stripe_customer_id == stripe_customer_id)
    account: BillingAccountRow | None = (await session.scalars(query.with_for_update())).one_or_none()
    return account


async def _clock_time(session: AsyncSession, customer_id: UUID) -> datetime | None:
    """Return the time of the test clock that the customer's plans are attached to, None in real time."""
    plans = select(CustomerPlan.test_clock_id).where(CustomerPlan.customer_id == customer_id)
    found: datetime | None = await session.scalar(select(TestClock.now_at).where(TestClock.id.in_(plans)))
    return found


async def _newest_dispute(session: AsyncSession, invoice_id: UUID, stripe_dispute_id: str) -> DisputeRow:
    query = select(DisputeRow).where(
        DisputeRow.invoice_id == invoice_id, DisputeRow.stripe_dispute_id == stripe_dispute_id
    )
    newest = query.order_by(DisputeRow.at.desc(), DisputeRow.created_at.desc()).limit(1)
    return (await session.scalars(newest)).one()
