"""Plans as lists and pages show them, and what a preview starts from."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, literal_column, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.access import SeatGate, seat_gate
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.domain.step import Facts
from billflow.models.contracts.add_ons import AddOnRecord
from billflow.models.contracts.customers import SeatGateRecord
from billflow.models.contracts.items import ItemRecord
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import (
    LedgerRecord,
    ListOrder,
    Page,
    Paging,
    PlanFilter,
    PlanRecord,
    StepRecord,
    TimelineEntry,
)
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import CustomerPlan, LedgerAllocation, LicenseLedger, OutboxEvent, StepRow
from billflow.store.access.actor_names import actor_names
from billflow.store.audit.personal_data import personal_data_of
from billflow.store.customers.records import customer_record
from billflow.store.customers.transactions import LIVE, RUNS
from billflow.store.plans.add_ons import add_ons_of
from billflow.store.plans.catalog_records import current_catalog
from billflow.store.plans.facts import load, plan_rows
from billflow.store.plans.items import items_of
from billflow.store.plans.records import STATE, STATES, event_entry, plan_record, plan_state, step_entry, step_record
from billflow.store.plans.test_clocks import has_purchase_due, has_work_due
from billflow.store.session.database import Repository
from billflow.store.session.list_filters import plans_that
from billflow.store.session.paging import ALL, FilteredQuery, page
from billflow.store.session.plain_rows import plain_row, plain_rows
from billflow.store.session.rows import as_id, existing, from_row, row_by_id
from billflow.store.session.sort_keys import SortKey, read_moment, sorting_of

SORTED_BY = {
    "created_at": SortKey(CustomerPlan.created_at, read_moment),
    "next_invoice_date": SortKey(CustomerPlan.next_invoice_date, read_moment),
    "tier": SortKey(CustomerPlan.tier),
    "status": SortKey(CustomerPlan.status),
}
"""What a list of plans can be sorted by."""


@dataclass(frozen=True)
class PostgresPlanQueries(Repository):
    """What the records say of plans; nothing here writes. Unknown ids raise `NotFound`."""

    settings: BillingSettings = DEFAULT_SETTINGS

    async def search(
        self, org_id: str, wanted: PlanFilter, paging: Paging = ALL, order: ListOrder | None = None
    ) -> Page[PlanRecord]:
        """Return one part of the plans, the newest first unless there is an *order*."""
        sorting = sorting_of(order, SORTED_BY, CustomerPlan.id) or (CustomerPlan.created_at, CustomerPlan.id)
        async with self.database.unit_of_work(org_id) as session:
            listed = FilteredQuery(STATES, plans_that(wanted), ids_first=order is not None)
            return await page(session, listed, sorting, paging, plan_record)

    async def on_tiers(self, org_id: str, tiers: Collection[str], most: int) -> tuple[tuple[PlanRecord, ...], int]:
        """Return the plans that run on tiers, *most* of them at most, and how many there are."""
        wanted = RUNS, CustomerPlan.tier.in_(tiers)
        async with self.database.unit_of_work(org_id) as session:
            count = await session.scalar(select(func.count()).select_from(CustomerPlan).where(*wanted)) or 0
            rows = await session.execute(STATES.where(*wanted).order_by(CustomerPlan.id).limit(most))
            return tuple(map(plan_record, rows)), count

    async def get(self, plan: PlanRef) -> PlanRecord:
        """Return a plan as it is now."""
        async with self.database.unit_of_work(plan.org_id, by_keys=True) as session:
            found = await plain_row(session, STATE, {"of_plan": as_id(plan.plan_id, "plan")})
            return plan_record(existing(found, "plan", plan.plan_id))

    async def running(
        self, org_id: str, *, customer_id: str | None = None, test_clock_id: str | None = None
    ) -> tuple[PlanState, ...]:
        """Return the plans that are live or wait for their purchase, of one customer or on one clock."""
        wanted = plans_that(PlanFilter(customer_id=customer_id, test_clock_id=test_clock_id))
        async with self.database.unit_of_work(org_id) as session:
            rows = await session.execute(wanted.of(STATES.where(LIVE).order_by(CustomerPlan.id)))
            return tuple(map(plan_state, rows))

    async def clock_has_work_due(self, org_id: str, clock_id: str) -> bool:
        """Tell whether anything on the clock is still due at its time; what is on hold is not waited for."""
        async with self.database.unit_of_work(org_id, by_keys=True) as session:
            return await has_work_due(session, as_id(clock_id, "test clock"))

    async def clock_has_purchase_due(self, org_id: str, clock_id: str) -> bool:
        """Tell whether a plan on the clock is bought and has not heard of it."""
        async with self.database.unit_of_work(org_id, by_keys=True) as session:
            return await has_purchase_due(session, as_id(clock_id, "test clock"))

    async def ledger(self, plan: PlanRef) -> tuple[LedgerRecord, ...]:
        """Return the plan's ledger in sequence, with what became of each entry."""
        async with self.database.unit_of_work(plan.org_id) as session:
            return await _ledger(session, _LEDGER, plan)

    async def part_of_ledger(self, plan: PlanRef, begin: int, most: int) -> tuple[tuple[LedgerRecord, ...], int]:
        """Return at most so many entries of the ledger after the first *begin*, and how many there are of all."""
        async with self.database.unit_of_work(plan.org_id) as session:
            found = await _ledger(session, _PART_OF_LEDGER, plan, first=begin + 1, last=begin + most)
            # Sequences begin at 1 and leave none out: the newest one is their count.
            if len(found) < most and (found or not begin):
                return found, begin + len(found)
            of_plan = LicenseLedger.plan_id == as_id(plan.plan_id, "plan")
            return found, await session.scalar(select(func.max(LicenseLedger.seq)).where(of_plan)) or 0

    async def items(self, plan: PlanRef) -> tuple[ItemRecord, ...]:
        """Return the plan's one-off items in the order they were added, with what became of each."""
        async with self.database.unit_of_work(plan.org_id) as session:
            return await items_of(session, await row_by_id(session, CustomerPlan, plan.plan_id, "plan"))

    async def add_ons(self, plan: PlanRef) -> tuple[AddOnRecord, ...]:
        """Return what the plan holds and renews with of each add-on."""
        async with self.database.unit_of_work(plan.org_id) as session:
            row = await row_by_id(session, CustomerPlan, plan.plan_id, "plan")
            return await add_ons_of(session, row, await current_catalog(session))

    async def steps(self, plan: PlanRef) -> tuple[StepRecord, ...]:
        """Return the steps of the plan in the order they were taken."""
        async with self.database.unit_of_work(plan.org_id) as session:
            return tuple(map(step_record, await _steps(session, await _plan_id(session, plan))))

    async def timeline(self, plan: PlanRef) -> tuple[TimelineEntry, ...]:
        """Return steps and events of the plan in the order they were recorded."""
        async with self.database.unit_of_work(plan.org_id) as session:
            plan_id = await _plan_id(session, plan)
            query = select(OutboxEvent).where(OutboxEvent.plan_id == plan_id).order_by(OutboxEvent.sequence)
            events = (await session.scalars(query)).all()
            opener = await personal_data_of(session, (event.customer_id for event in events))
            steps = await _steps(session, plan_id)
            names = await actor_names(session, (step.actor for step in steps))
            entries = [step_entry(step, names.get(step.actor)) for step in steps]
            entries += [event_entry(event, opener) for event in events]
        return tuple(sorted(entries, key=lambda entry: entry.recorded_at))

    async def facts(self, plan: PlanRef, at: datetime) -> Facts:
        """Return what a step of the plan at *at* would start from: previews decide on it, and write nothing."""
        async with self.database.unit_of_work(plan.org_id) as session:
            rows = await plan_rows(session, plan, lock=False)
            return (await load(session, rows, at, self.settings)).facts

    async def seat_gate(self, org_id: str, customer_id: str, *, members: int, guests: int) -> SeatGateRecord:
        """Tell whether that many more people fit the customer's plan, by the newest seats reported (rules 20)."""
        live = CustomerPlan.customer_id == as_id(customer_id, "customer"), LIVE
        async with self.database.unit_of_work(org_id) as session:
            await customer_record(session, as_id(customer_id, "customer"))
            plans = await session.scalars(select(CustomerPlan).where(*live).order_by(CustomerPlan.id))
            plan = next((plan for plan in plans if plan.status.is_live), None)
            if plan is None:
                return from_row(SeatGateRecord, SeatGate(allowed=True))
            rows = await plan_rows(session, PlanRef(org_id=org_id, plan_id=str(plan.id)), lock=False)
            now = rows.clock_at or datetime.now(UTC)
            facts = (await load(session, rows, now, self.settings)).facts
        return from_row(SeatGateRecord, seat_gate(facts, members=members, guests=guests))


# By its key for each entry, which the limit sees to: else all allocations of the database may be read beside a few.
_ALLOCATED = (
    select(LedgerAllocation.disposition, LedgerAllocation.invoice_line_id)
    .where(LedgerAllocation.entry_id == LicenseLedger.id)
    .correlate(LicenseLedger)
    .limit(literal_column("1"))
    .lateral()
)


def _entries(*those: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return what reads a plan's ledger, all of it or *those*; where there are none, one row without values."""
    return (
        select(LicenseLedger, _ALLOCATED.c.disposition, _ALLOCATED.c.invoice_line_id)
        .select_from(CustomerPlan)
        .outerjoin(LicenseLedger, and_(LicenseLedger.plan_id == CustomerPlan.id, *those))
        .outerjoin(_ALLOCATED, true())
        .where(CustomerPlan.id == bindparam("of_plan"))
        .order_by(LicenseLedger.seq)
    )


_LEDGER = _entries()
_PART_OF_LEDGER = _entries(LicenseLedger.seq.between(bindparam("first"), bindparam("last")))


async def _plan_id(session: AsyncSession, plan: PlanRef) -> UUID:
    return (await row_by_id(session, CustomerPlan, plan.plan_id, "plan")).id


async def _steps(session: AsyncSession, plan_id: UUID) -> Sequence[StepRow]:
    """Return the steps of a plan in their order."""
    return (await session.scalars(select(StepRow).where(StepRow.plan_id == plan_id).order_by(StepRow.sequence))).all()


async def _ledger(
    session: AsyncSession, query: Select[*tuple[Any, ...]], plan: PlanRef, **part: int
) -> tuple[LedgerRecord, ...]:
    rows = await plain_rows(session, query, {"of_plan": as_id(plan.plan_id, "plan"), **part})
    existing(rows or None, "plan", plan.plan_id)
    return tuple(
        from_row(LedgerRecord, entry, disposition=disposition, line_id=line_id)
        for entry, disposition, line_id in rows
        if entry.id is not None
    )
