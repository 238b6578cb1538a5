"""What Stripe's events change in the records besides invoices and their adjustments: cards, customers, disputes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.invoices import InvoiceRef
from billflow.models.contracts.webhooks import KnownCard, StripeDispute, StripeObjects
from billflow.models.tables import BillingAccountRow, DisputeRow, InvoiceRow
from billflow.store.audit.recorder import STRIPE, Recorder
from billflow.store.invoices.locks import lock_invoice
from billflow.store.invoices.replacements import account_of, clock_of_customer
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
            account = await account_of(session, stripe_customer_id)
            if account is None or account.stripe_payment_method_id == method:
                return
            known_since = account.card_since or await clock_of_customer(session, account.customer_id) or at
            account.stripe_payment_method_id, account.card_since = method, known_since if method else None
            recorder = Recorder(session, account.org_id, at, STRIPE)
            recorder.audit("customer.card_changed", ("customer", account.customer_id))
            recorder.publish("customer.card_changed", {"has_card": method is not None}, customer_id=account.customer_id)

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


async def _newest_dispute(session: AsyncSession, invoice_id: UUID, stripe_dispute_id: str) -> DisputeRow:
    query = select(DisputeRow).where(
        DisputeRow.invoice_id == invoice_id, DisputeRow.stripe_dispute_id == stripe_dispute_id
    )
    newest = query.order_by(DisputeRow.at.desc(), DisputeRow.created_at.desc()).limit(1)
    return (await session.scalars(newest)).one()
