"""How a customer pays: several billing accounts, one of them the default that plans bill to."""

from typing import Any
from uuid import UUID

from sqlalchemy import exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.models.contracts.customer_resources import AccountRecord, BillingAccountCreate, BillingAccountUpdate
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.invoices import BilledCustomer
from billflow.models.tables import BillingAccountRow, CustomerPlan, CustomerRow, InvoiceRow, Org, ProjectRow
from billflow.ports.customers import BillingAccountRepository
from billflow.store.customers.resources import ResourceRepository
from billflow.store.customers.transactions import LIVE, customer_read
from billflow.store.invoices.records import billed_customer
from billflow.store.session.rows import as_id


class PostgresBillingAccountRepository(
    ResourceRepository[CustomerRef, BillingAccountCreate, BillingAccountUpdate, AccountRecord], BillingAccountRepository
):
    """Billing accounts, the default one first; there is always exactly one default."""

    table, record, noun = BillingAccountRow, AccountRecord, "billing_account"
    order = (BillingAccountRow.is_default.desc(), BillingAccountRow.created_at)
    audited = ("name", "currency", "collection_method", "invoice_email", "is_default")

    async def payers(self, ref: CustomerRef) -> tuple[BilledCustomer, ...]:
        query = (
            select(CustomerRow, BillingAccountRow, Org.livemode)
            .join(BillingAccountRow, BillingAccountRow.customer_id == CustomerRow.id)
            .join(Org, Org.id == CustomerRow.org_id)
            .where(CustomerRow.id == as_id(ref.customer_id, "customer"), CustomerRow.deleted_at.is_(None))
            .where(BillingAccountRow.stripe_customer_id.is_not(None))
            .order_by(BillingAccountRow.id)
        )
        async with self.database.unit_of_work(ref.org_id) as session:
            return tuple(
                billed_customer(customer, account).model_copy(update={"livemode": livemode})
                for customer, account, livemode in await session.execute(query)
            )

    async def default_payer(self, ref: CustomerRef) -> BilledCustomer:
        async with customer_read(self.database, ref) as (customer, session):
            return billed_customer(customer, await default_account(session, customer.id))

    async def _values(self, session: AsyncSession, customer: CustomerRow, new: BillingAccountCreate) -> dict[str, Any]:
        currency = new.currency or customer.default_currency
        if new.is_default:
            await _unmake_default(session, customer.id, currency)
        return new.model_dump() | {"currency": currency}

    async def _before_update(
        self, session: AsyncSession, customer: CustomerRow, row: BillingAccountRow, update: BillingAccountUpdate
    ) -> None:
        if row.is_default and "is_default" in update.model_fields_set and not update.is_default:
            raise Refused("One account is the default; make another one the default instead.", code="no_default")
        if update.is_default and not row.is_default:
            await _unmake_default(session, customer.id, row.currency)

    async def _check_deletable(self, session: AsyncSession, row: BillingAccountRow) -> None:
        if row.is_default:
            raise Refused("The default account can't go; make another one the default first.", code="no_default")
        projects = exists().where(ProjectRow.billing_account_id == row.id)
        invoices = exists().where(InvoiceRow.customer_id == row.customer_id, InvoiceRow.billing_account_id == row.id)
        if await session.scalar(select(or_(projects, invoices))):
            raise Refused("Projects or invoices are billed to that account; keep it.", code="account_in_use")


async def default_account(session: AsyncSession, customer_id: UUID) -> BillingAccountRow:
    """Return the account that a customer's plans bill to."""
    mine = BillingAccountRow.customer_id == customer_id
    return (await session.scalars(select(BillingAccountRow).where(mine, BillingAccountRow.is_default))).one()


async def _unmake_default(session: AsyncSession, customer_id: UUID, currency: str) -> None:
    """Unmake the default account; raises `Refused` while a plan runs in another currency than the new one's."""
    plans = exists().where(CustomerPlan.customer_id == customer_id, LIVE, CustomerPlan.currency != currency)
    if await session.scalar(select(plans)):
        raise Refused(
            f"A live plan is in another currency than {currency}; end it first.",
            code="live_plan_in_other_currency",
            field="is_default",
        )
    default = update(BillingAccountRow).where(
        BillingAccountRow.customer_id == customer_id, BillingAccountRow.is_default
    )
    await session.execute(default.values(is_default=False))
