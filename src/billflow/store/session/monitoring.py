"""What is counted over all organizations, by a role that sees a few columns and no content."""

from uuid import UUID

from sqlalchemy import Select, func, select

from billflow.models.contracts.access import WaitingWork
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.tables import CustomerPlan, ForeignStripeEventRow, InvoiceRow, Org, WebhookEvent
from billflow.ports.reconciliation import PAGE, OrganizationLister
from billflow.ports.stripe_events import Monitoring
from billflow.store.session.database import Database, Repository

ROLE = "billflow_watch"

_UNHANDLED = "SELECT DISTINCT org_id FROM webhook_event WHERE handled_at IS NULL"


class PostgresMonitoring(Repository, Monitoring, OrganizationLister):
    """Numbers, moments and ids of all organizations; its role may only read."""

    async def organizations(self) -> tuple[str, ...]:
        """Return the ids of all organizations."""
        return await org_ids(self.database, select(Org.id).order_by(Org.id))

    async def organizations_page(self, shard: int, after: str | None) -> tuple[str, ...]:
        first, last = UUID(int=shard << 124), UUID(int=(shard + 1 << 124) - 1)
        mine = Org.id.between(first, last) if after is None else (Org.id > UUID(after)) & (Org.id <= last)
        return await org_ids(self.database, select(Org.id).where(mine).order_by(Org.id).limit(PAGE))

    async def organizations_with_unhandled_events(self) -> tuple[str, ...]:
        return tuple(map(str, await self.database.look(_UNHANDLED, role=ROLE)))

    async def waiting_work(self) -> WaitingWork:
        """Count plans on hold, unsent invoices and foreign events of Stripe, and find the oldest that waits."""
        unsent = InvoiceRow.status == InvoiceStatus.DRAFT
        query = select(
            select(func.count(InvoiceRow.status)).where(unsent).scalar_subquery(),
            select(func.min(InvoiceRow.created_at)).where(unsent).scalar_subquery(),
            select(func.min(WebhookEvent.received_at)).where(WebhookEvent.handled_at.is_(None)).scalar_subquery(),
            select(func.count(ForeignStripeEventRow.stripe_event_id)).scalar_subquery(),
        )
        code = CustomerPlan.attention_code
        by_code = select(code, func.count()).where(code.is_not(None)).group_by(code)
        async with self.database.transaction(ROLE) as session:
            invoices, made, received, foreign = (await session.execute(query)).one()
            on_hold = {str(found): count for found, count in await session.execute(by_code)}
        return WaitingWork(
            plans_on_hold=on_hold,
            unsent_invoices=invoices,
            oldest_unsent_invoice=made,
            oldest_open_webhook=received,
            foreign_stripe_events=foreign,
        )


async def org_ids(database: Database, query: Select[UUID]) -> tuple[str, ...]:
    """Return the ids of organizations that *query* selects among all."""
    async with database.transaction(ROLE) as session:
        return tuple(map(str, await session.scalars(query)))
