"""What both systems billed of plans in a parallel run, from the rows, as it is compared."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.calendar import Period
from billflow.domain.plan import PlanStatus
from billflow.domain.proration import Derivation
from billflow.dry_run.bills import ForeseenInvoice, ForeseenLine
from billflow.models.contracts.imports import ImportKind, OpeningInvoiceStatus
from billflow.models.tables import (
    ComputedInvoiceLineRow,
    ComputedInvoiceRow,
    CustomerPlan,
    CustomerRow,
    ImportedObjectRow,
    OpeningInvoiceLineRow,
    OpeningInvoiceRow,
    TestClock,
)
from billflow.parallel_run.comparison import BilledInParallel
from billflow.parallel_run.issued import IssuedInvoice, IssuedLine
from billflow.parallel_run.pairs import ComputedInvoice
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id

AT_ONCE = 500
"""How many customers are read in one transaction."""

_DERIVATION = TypeAdapter(Derivation)


@dataclass(frozen=True)
class PlanInParallel:
    """A plan of a parallel run as it is now, its customer, what the other system calls it, and what both billed.

    Of a plan that was switched to another, it is the one that took over.
    """

    row: CustomerPlan
    customer_name: str
    external_id: str
    billed: BilledInParallel


@dataclass(frozen=True)
class PostgresParallelRunQueries(Repository):
    """Plans in a parallel run, or past their cutover; nothing here writes."""

    async def plans(
        self, org_id: str, *, plan_id: str | None = None, customer_id: str | None = None
    ) -> AsyncIterator[PlanInParallel]:
        """Yield each with what both systems billed of it, some hundred customers at a time."""
        async with self.database.unit_of_work(org_id) as session:
            customers = await _customers(session, plan_id, customer_id)
        for begin in range(0, len(customers), AT_ONCE):
            async with self.database.unit_of_work(org_id) as session:
                found = await plans_in_parallel(session, customers[begin : begin + AT_ONCE])
            for one in found:
                yield one


async def _customers(session: AsyncSession, plan_id: str | None, customer_id: str | None) -> Sequence[UUID]:
    query = select(CustomerPlan.customer_id).where(CustomerPlan.parallel_run_since.is_not(None)).distinct()
    if plan_id is not None:
        of_plan = select(CustomerPlan.customer_id).where(CustomerPlan.id == as_id(plan_id, "plan"))
        query = query.where(CustomerPlan.customer_id.in_(of_plan))
    if customer_id is not None:
        query = query.where(CustomerPlan.customer_id == as_id(customer_id, "customer"))
    return (await session.scalars(query.order_by(CustomerPlan.customer_id))).all()


async def plans_in_parallel(session: AsyncSession, customers: Sequence[UUID]) -> list[PlanInParallel]:
    """Return the plan of each customer in a parallel run, with what both systems billed of it."""
    query = (
        select(CustomerPlan, CustomerRow.name, TestClock.now_at)
        .join(CustomerRow, CustomerRow.id == CustomerPlan.customer_id)
        .outerjoin(TestClock, TestClock.id == CustomerPlan.test_clock_id)
        .where(CustomerPlan.customer_id.in_(customers), CustomerPlan.parallel_run_since.is_not(None))
        .where(CustomerPlan.status != PlanStatus.NEVER_STARTED)
        .order_by(CustomerPlan.customer_id, CustomerPlan.created_at)
    )
    chains: dict[UUID, list[tuple[CustomerPlan, str, datetime | None]]] = {}
    for row, name, clock in await session.execute(query):
        chains.setdefault(row.customer_id, []).append((row, name, clock))
    computed, issued = await _computed(session, customers), await _issued(session, customers)
    external = await _external_ids(session, [row.id for chain in chains.values() for row, *_ in chain])
    found = []
    for customer, chain in chains.items():
        row, name, clock_at = chain[-1]
        billed = BilledInParallel(
            plan_id=str(row.id),
            since=min(one.parallel_run_since for one, *_ in chain if one.parallel_run_since),
            now=clock_at or datetime.now(UTC),
            computed=tuple(computed.get(customer, ())),
            issued=tuple(issued.get(customer, ())),
            on_hold_since=row.attention_since,
        )
        named = [external[one.id] for one, *_ in chain if one.id in external]
        found.append(PlanInParallel(row, name, named[-1] if named else "", billed))
    return found


async def _external_ids(session: AsyncSession, plans: Sequence[UUID]) -> dict[UUID, str]:
    query = select(ImportedObjectRow.object_id, ImportedObjectRow.external_id).where(
        ImportedObjectRow.kind == ImportKind.PLAN, ImportedObjectRow.object_id.in_(plans)
    )
    return {row.object_id: row.external_id for row in await session.execute(query)}


async def _computed(session: AsyncSession, customers: Sequence[UUID]) -> dict[UUID, list[ComputedInvoice]]:
    invoices = select(ComputedInvoiceRow).where(ComputedInvoiceRow.customer_id.in_(customers))
    rows = (await session.scalars(invoices.order_by(ComputedInvoiceRow.invoice_date))).all()
    lines: dict[UUID, list[ForeseenLine]] = {}
    query = (
        select(ComputedInvoiceLineRow)
        .join(ComputedInvoiceRow, ComputedInvoiceRow.id == ComputedInvoiceLineRow.computed_invoice_id)
        .where(ComputedInvoiceRow.customer_id.in_(customers))
        .order_by(ComputedInvoiceLineRow.computed_invoice_id, ComputedInvoiceLineRow.n)
    )
    for line in await session.scalars(query):
        lines.setdefault(line.computed_invoice_id, []).append(
            ForeseenLine(
                kind=line.kind.value,
                subject="",
                description=line.description,
                derivation=_DERIVATION.validate_python(line.derivation),
                amount=line.amount,
            )
        )
    found: dict[UUID, list[ComputedInvoice]] = {}
    for row in rows:
        invoice = ForeseenInvoice(
            kind=row.kind.value,
            at=row.invoice_date,
            currency=row.currency,
            lines=tuple(lines.get(row.id, ())),
            automatic_tax=row.automatic_tax,
        )
        found.setdefault(row.customer_id, []).append(ComputedInvoice(id=str(row.id), invoice=invoice))
    return found


async def _issued(session: AsyncSession, customers: Sequence[UUID]) -> dict[UUID, list[IssuedInvoice]]:
    """Load what counts of the other system's: what it voided it doesn't bill."""
    theirs = (
        OpeningInvoiceRow.customer_id.in_(customers),
        OpeningInvoiceRow.plan_id.is_not(None),
        OpeningInvoiceRow.status != OpeningInvoiceStatus.VOID,
    )
    lines: dict[UUID, list[IssuedLine]] = {}
    query = (
        select(OpeningInvoiceLineRow, OpeningInvoiceRow)
        .join(OpeningInvoiceRow, OpeningInvoiceRow.id == OpeningInvoiceLineRow.opening_invoice_id)
        .where(*theirs)
        .order_by(OpeningInvoiceLineRow.opening_invoice_id, OpeningInvoiceLineRow.n)
    )
    for line, invoice in (await session.execute(query)).all():
        lines.setdefault(invoice.id, []).append(_issued_line(line, invoice))
    found: dict[UUID, list[IssuedInvoice]] = {}
    for row in await session.scalars(select(OpeningInvoiceRow).where(*theirs).order_by(OpeningInvoiceRow.issued_at)):
        found.setdefault(row.customer_id, []).append(
            IssuedInvoice(
                id=str(row.id),
                number=row.number or row.external_id,
                currency=row.currency,
                total=row.total,
                dated_at=row.period_start or row.issued_at,
                lines=tuple(lines.get(row.id, ())),
            )
        )
    return found


def _issued_line(line: OpeningInvoiceLineRow, invoice: OpeningInvoiceRow) -> IssuedLine:
    start = line.period_start or invoice.period_start or invoice.issued_at
    return IssuedLine(
        kind=line.kind,
        description=line.description,
        quantity=line.quantity,
        unit_amount=line.unit_amount,
        amount=line.amount,
        period=Period(start, max(line.period_end or invoice.period_end or start, start)),
    )
