"""The customers who owe something, as one moment has them: what collection would do about each debt follows from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.debts import Debt, Debtor, RecentInvoice
from billflow.domain.dunning import MOST_INVOICES, DunningPolicy
from billflow.domain.plan import CollectionMethod
from billflow.dry_run.debt_facts import RecordedDebtor
from billflow.models.contracts.customers import CustomerStatus
from billflow.models.contracts.dry_run import DryRunFilter
from billflow.models.contracts.invoices import UNPAID
from billflow.models.tables import CustomerPlan, CustomerRow, InvoiceRow
from billflow.store.customers.invoice_sums import left_to_pay
from billflow.store.customers.transactions import RUNS
from billflow.store.dunning.records import counted_seats, outcome_of, policy_of, unpaid_invoice
from billflow.store.invoices.records import last_replaced
from billflow.store.plans.test_clocks import clock_of_invoice
from billflow.store.session.database import Repository
from billflow.store.session.filters import Conditions, equal
from billflow.store.session.rows import as_id


@dataclass(frozen=True)
class PostgresDebtSnapshots(Repository):
    """Who owes what, as the snapshot of a dry run has it; nothing here writes."""

    async def debtor_ids(self, org_id: str, snapshot: str, wanted: DryRunFilter) -> list[str]:
        """Return the customers that owe something for plans that are *wanted*, also for such as are over."""
        query = select(InvoiceRow.customer_id).distinct().order_by(InvoiceRow.customer_id)
        query = query.join(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id).where(*_debts(wanted))
        async with self.database.snapshot(org_id, snapshot) as session:
            return [str(customer_id) for customer_id in await session.scalars(query)]

    async def debtors(
        self, org_id: str, snapshot: str, wanted: DryRunFilter, customer_ids: Sequence[str], now: datetime
    ) -> list[RecordedDebtor]:
        """Return customers with what they owe, each at *now* or where its test clock stands."""
        async with self.database.snapshot(org_id, snapshot) as session:
            return [await _debtor(session, customer_id, wanted, now) for customer_id in customer_ids]

    async def policy(self, org_id: str, snapshot: str) -> DunningPolicy:
        """Return how the organization collects."""
        async with self.database.snapshot(org_id, snapshot) as session:
            return await policy_of(session)


def _debts(wanted: DryRunFilter) -> Conditions:
    row = CustomerPlan
    columns = {name: getattr(row, name) for name in DryRunFilter.model_fields if name != "plan_id"}
    return [InvoiceRow.status.in_(UNPAID), *equal(wanted, {"plan_id": row.id, **columns})]


async def _debtor(session: AsyncSession, customer_id: str, wanted: DryRunFilter, now: datetime) -> RecordedDebtor:
    customer = await session.get_one(CustomerRow, as_id(customer_id, "customer"))
    of_customer = InvoiceRow.customer_id == customer.id
    owed = (
        select(InvoiceRow, left_to_pay())
        .join(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id)
        .where(of_customer, *_debts(wanted))
        .order_by(InvoiceRow.issued_at, InvoiceRow.id)
    )
    found = [(invoice, amount) for invoice, amount in await session.execute(owed)]
    at = await clock_of_invoice(session, found[0][0].id) or now
    runs = select(CustomerPlan).where(CustomerPlan.customer_id == customer.id, RUNS).order_by(CustomerPlan.id).limit(1)
    plan = (await session.scalars(runs)).one_or_none()
    newest = select(InvoiceRow).where(of_customer).order_by(InvoiceRow.issued_at.desc(), InvoiceRow.id)
    recent = await session.scalars(newest.limit(MOST_INVOICES))
    is_small_rule_for = customer.realm_id is not None
    debtor = Debtor(
        customer_id=customer_id,
        debts=tuple([await _debt(session, invoice, amount) for invoice, amount in found]),
        is_active=customer.status is CustomerStatus.ACTIVE,
        live_plan_id=str(plan.id) if plan else None,
        seats=await counted_seats(session, customer, plan, at) if is_small_rule_for else None,
        seats_without_plan=await counted_seats(session, customer, None, at) if is_small_rule_for else None,
        newest=tuple(RecentInvoice(invoice_id=str(one.id), is_open=one.status in UNPAID) for one in recent),
    )
    return RecordedDebtor(now=at, debtor=debtor)


async def _debt(session: AsyncSession, invoice: InvoiceRow, amount: int) -> Debt:
    replaced = await session.scalar(last_replaced(invoice.id))
    outcome, by_card = outcome_of(invoice), invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    return Debt(
        invoice_id=str(invoice.id),
        plan_id=str(invoice.plan_id),
        number=invoice.number,
        kind=invoice.kind,
        currency=invoice.currency,
        amount=amount,
        unpaid=await unpaid_invoice(session, invoice, replaced),
        attempts=invoice.attempts,
        is_under_way=by_card and outcome == "open",
        retry_at=(invoice.next_attempt_at or invoice.issued_at) if outcome == "rejected" else None,
    )
