"""Billing accounts as reconciliation compares them with Stripe's customers, and what Stripe listed of these."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, or_, select, union
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.customer_balances import StripeCustomer
from billflow.models.contracts.reconciliation import RecordedAccount, RunRef
from billflow.models.tables import BillingAccountRow, CreditPosting, CustomerRow, InvoiceRow
from billflow.models.tables.reconciliation import ReconciliationStripeCustomer
from billflow.store.adjustments.balance import balances
from billflow.store.session.database import Repository
from billflow.store.session.rows import from_row

_ACCOUNTS = (
    select(BillingAccountRow)
    .join(CustomerRow, CustomerRow.id == BillingAccountRow.customer_id)
    .where(BillingAccountRow.stripe_customer_id.is_not(None), CustomerRow.erased_at.is_(None))
    .order_by(BillingAccountRow.id)
)


class CustomersToCompare(Repository):
    """The accounts that have a customer at Stripe, with their balance by our rows."""

    page_size: int

    async def store_listed_customers(self, run: RunRef, listed: Sequence[StripeCustomer]) -> None:
        if not listed:
            return
        owner = {"org_id": UUID(run.org_id), "run_id": UUID(run.run_id)}
        rows = [
            {"stripe_customer_id": one.stripe_customer_id, "balance": one.balance, "currency": one.currency, **owner}
            for one in listed
        ]
        async with self.database.unit_of_work(run.org_id) as session:
            await session.execute(insert(ReconciliationStripeCustomer).on_conflict_do_nothing(), rows)

    async def accounts_page(self, run: RunRef, after: str | None) -> Sequence[RecordedAccount]:
        query = _ACCOUNTS.limit(self.page_size)
        return await self._accounts(run, query if after is None else query.where(BillingAccountRow.id > UUID(after)))

    async def accounts(self, run: RunRef, stripe_customer_ids: Collection[str]) -> Sequence[RecordedAccount]:
        return await self._accounts(run, _ACCOUNTS.where(BillingAccountRow.stripe_customer_id.in_(stripe_customer_ids)))

    async def listed_customers(self, run: RunRef, ids: Collection[str]) -> Mapping[str, StripeCustomer]:
        listed = ReconciliationStripeCustomer
        query = select(listed).where(listed.run_id == UUID(run.run_id), listed.stripe_customer_id.in_(ids))
        async with self.database.unit_of_work(run.org_id) as session:
            found = [from_row(StripeCustomer, row, is_deleted=False) for row in await session.scalars(query)]
        return {one.stripe_customer_id: one for one in found}

    async def _accounts(self, run: RunRef, query: Select[BillingAccountRow]) -> Sequence[RecordedAccount]:
        since = run.started_at - timedelta(minutes=run.scope.grace_minutes)
        async with self.database.unit_of_work(run.org_id) as session:
            accounts = (await session.scalars(query)).all()
            owed = await balances(session, [account.id for account in accounts])
            young = await _moved_since(session, list(owed), since)
        return [
            RecordedAccount(
                billing_account_id=str(account.id),
                stripe_customer_id=account.stripe_customer_id or "",
                currency=account.currency,
                balance=owed[account.id],
                is_young=account.id in young,
            )
            for account in accounts
        ]


async def _moved_since(session: AsyncSession, account_ids: Collection[UUID], since: datetime) -> set[UUID]:
    """Return the accounts on which money moved since then: what Stripe has done of it may not be recorded yet."""
    posted, billed = CreditPosting.billing_account_id, InvoiceRow.billing_account_id
    moved: CompoundSelect[UUID | None] = union(
        select(posted).where(posted.in_(account_ids), CreditPosting.created_at > since),
        select(billed).where(
            billed.in_(account_ids), or_(InvoiceRow.updated_at > since, InvoiceRow.created_at > since)
        ),
    )
    return set(await session.scalars(moved))
