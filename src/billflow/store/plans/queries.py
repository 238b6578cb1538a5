"""Reading the records: `ports.billing.Archive` on PostgreSQL."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select

from billflow.domain.access import SeatGate, seat_gate
from billflow.domain.step import Facts
from billflow.models.contracts.credits import CreditBalance
from billflow.models.contracts.customers import CustomerRecord, SeatGateRecord, SeatReport
from billflow.models.contracts.invoices import InvoiceSummary
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import (
    CustomerFilter,
    InvoiceDetail,
    InvoiceFilter,
    InvoiceRecord,
    LedgerRecord,
    Page,
    Paging,
    PlanFilter,
    StepRecord,
    TimelineEntry,
)
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import CustomerPlan, CustomerRow, InvoiceRow, SeatRow
from billflow.store.adjustments.balance import credit_balance
from billflow.store.customers.deployments import customer_of_deployment
from billflow.store.customers.records import SHOWN, ShownRows, customer_record, record_of
from billflow.store.customers.transactions import LIVE
from billflow.store.invoices.drafts import UNPAID
from billflow.store.invoices.records import invoice_detail, invoice_record
from billflow.store.plans.base import PlanStore
from billflow.store.plans.facts import load, plan_rows
from billflow.store.plans.history import ledger_of, steps_of, timeline_of
from billflow.store.plans.snapshots import STATES, StateRows, state_of, summary
from billflow.store.plans.test_clocks import is_behind, next_collection
from billflow.store.session.database import as_id
from billflow.store.session.filters import customers_that, invoices_that, plans_that
from billflow.store.session.id_lookup import ids_beginning
from billflow.store.session.paging import page

ALL = Paging()


@dataclass(frozen=True)
class PostgresArchive(PlanStore):
    """What the records say, as frozen contracts; nothing here writes. Unknown ids raise `NotFound`."""

    async def running_plans(
        self, org_id: str, *, customer_id: str | None = None, test_clock_id: str | None = None
    ) -> tuple[PlanState, ...]:
        """Return the plans that are live or wait for their purchase, of one customer or on one clock."""
        wanted = plans_that(PlanFilter(customer_id=customer_id, test_clock_id=test_clock_id))
        async with self.database.unit_of_work(org_id) as session:
            rows = await session.execute(STATES.where(LIVE, *wanted).order_by(CustomerPlan.id))
            return tuple(state_of(StateRows(*row), self.catalog) for row in rows)

    async def collecting(
        self, org_id: str, *, customer_id: str | None = None, test_clock_id: str | None = None
    ) -> tuple[InvoiceSummary, ...]:
        """Return the invoices that are still to be paid, of one customer or on one clock."""
        wanted = invoices_that(InvoiceFilter(customer_id=customer_id))
        query = (
            select(InvoiceRow)
            .where(InvoiceRow.status.in_(UNPAID), *wanted)
            .order_by(InvoiceRow.issued_at, InvoiceRow.id)
        )
        if test_clock_id is not None:
            clock = CustomerPlan.test_clock_id == as_id(test_clock_id, "test clock")
            query = query.join(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id).where(clock)
        async with self.database.unit_of_work(org_id) as session:
            return tuple(map(summary, await session.scalars(query)))

    async def next_collection_at(self, org_id: str, clock_id: str) -> datetime | None:
        """Return when collection next does something about a debt on the clock, None where it won't."""
        async with self.database.unit_of_work(org_id) as session:
            return await next_collection(session, as_id(clock_id, "test clock"))

    async def clock_is_behind(self, org_id: str, clock_id: str) -> bool:
        """Tell whether anything on the clock is still due at its time; what is on hold is not waited for."""
        async with self.database.unit_of_work(org_id) as session:
            return await is_behind(session, as_id(clock_id, "test clock"))

    async def plans(self, org_id: str, wanted: PlanFilter, paging: Paging = ALL) -> Page[PlanState]:
        """Return one part of the plans, the newest first."""
        order = (CustomerPlan.created_at, CustomerPlan.id)
        async with self.database.unit_of_work(org_id) as session:
            query = STATES.where(*plans_that(wanted))
            return await page(session, query, order, paging, lambda row: state_of(StateRows(*row), self.catalog))

    async def customers(self, org_id: str, wanted: CustomerFilter, paging: Paging = ALL) -> Page[CustomerRecord]:
        """Return one part of the customers, the newest first."""
        order = (CustomerRow.created_at, CustomerRow.id)
        async with self.database.unit_of_work(org_id) as session:
            query = SHOWN.where(*customers_that(wanted))
            return await page(session, query, order, paging, lambda row: record_of(ShownRows(*row)))

    async def invoices(self, org_id: str, wanted: InvoiceFilter, paging: Paging = ALL) -> Page[InvoiceRecord]:
        """Return one part of the invoices, the newest first."""
        order = (InvoiceRow.issued_at, InvoiceRow.id)
        async with self.database.unit_of_work(org_id) as session:
            query = select(InvoiceRow).where(*invoices_that(wanted))
            return await page(session, query, order, paging, lambda row: invoice_record(row[0]))

    async def customer(self, org_id: str, customer_id: str) -> CustomerRecord:
        """Return one customer."""
        async with self.database.unit_of_work(org_id) as session:
            return await customer_record(session, as_id(customer_id, "customer"))

    async def customer_of(self, org_id: str, deployment_id: str) -> CustomerRecord:
        """Return the customer of a deployment."""
        async with self.database.unit_of_work(org_id) as session:
            return await customer_record(session, await customer_of_deployment(session, deployment_id))

    async def invoice(self, org_id: str, invoice_id: str) -> InvoiceDetail:
        """Return one invoice with its lines, their derivations, and the attempts to collect it."""
        async with self.database.unit_of_work(org_id) as session:
            return await invoice_detail(session, as_id(invoice_id, "invoice"))

    async def credits(self, org_id: str, customer_id: str) -> CreditBalance:
        """Return what is owed to a customer, and how it came about."""
        async with self.database.unit_of_work(org_id) as session:
            customer = await customer_record(session, as_id(customer_id, "customer"))
            return await credit_balance(session, UUID(customer.customer_id), customer.billing_account.currency)

    async def ledger(self, plan: PlanRef) -> tuple[LedgerRecord, ...]:
        """Return the plan's ledger in sequence."""
        async with self.database.unit_of_work(plan.org_id) as session:
            return await ledger_of(session, (await plan_rows(session, plan, lock=False)).plan.id)

    async def steps(self, plan: PlanRef) -> tuple[StepRecord, ...]:
        """Return the steps of the plan in the order they were taken."""
        async with self.database.unit_of_work(plan.org_id) as session:
            return await steps_of(session, (await plan_rows(session, plan, lock=False)).plan.id)

    async def timeline(self, plan: PlanRef) -> tuple[TimelineEntry, ...]:
        """Return steps and events of the plan in the order they were recorded."""
        async with self.database.unit_of_work(plan.org_id) as session:
            return await timeline_of(session, (await plan_rows(session, plan, lock=False)).plan.id)

    async def facts(self, plan: PlanRef, at: datetime) -> Facts:
        """Return what a step of the plan at *at* would start from: previews decide on it, and write nothing."""
        async with self.database.unit_of_work(plan.org_id) as session:
            rows = await plan_rows(session, plan, lock=False)
            return (await load(session, rows, at, self.catalog, self.settings)).facts

    async def seats(
        self, org_id: str, customer_id: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[SeatReport, ...]:
        """Return what the customer's deployment reported in `[since, until)`, in time order."""
        query = select(SeatRow).where(SeatRow.customer_id == as_id(customer_id, "customer"))
        if since is not None:
            query = query.where(SeatRow.observed_at >= since)
        if until is not None:
            query = query.where(SeatRow.observed_at < until)
        async with self.database.unit_of_work(org_id) as session:
            rows = await session.scalars(query.order_by(SeatRow.observed_at))
            return tuple(SeatReport.model_validate(row, from_attributes=True) for row in rows)

    async def seat_gate(self, org_id: str, customer_id: str, *, members: int, guests: int) -> SeatGateRecord:
        """Tell whether that many more people fit the customer's plan, by the newest seats reported (rules 20)."""
        customer = await self.customer(org_id, customer_id)
        plans = await self.running_plans(org_id, customer_id=customer.customer_id)
        live = next((plan for plan in plans if plan.status.is_live), None)
        gate = SeatGate(allowed=True)
        if live is not None:
            facts = await self.facts(PlanRef(org_id=org_id, plan_id=live.plan_id), live.clock_at or datetime.now(UTC))
            gate = seat_gate(facts, members=members, guests=guests)
        return SeatGateRecord(allowed=gate.allowed, spare=gate.spare, warning=gate.warning)

    async def ids_beginning(self, org_id: str, noun: str, beginning: str, limit: int = 3) -> tuple[str, ...]:
        """Return the ids of a customer, plan, invoice or clock that begin so, *limit* at most."""
        async with self.database.unit_of_work(org_id) as session:
            return await ids_beginning(session, noun, beginning, limit)
