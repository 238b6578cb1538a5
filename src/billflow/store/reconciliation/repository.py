"""The rows as reconciliation compares them, and the record of its runs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute

from billflow.domain.errors import NotFound
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.reconciliation import Finding, Severity, StripeInvoice
from billflow.models.contracts.invoices import UNPAID, InvoiceStatus
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.reconciliation import (
    FindingRecord,
    ReconciliationInput,
    ReconciliationReport,
    RecordedInvoice,
    RepairInput,
    RunRef,
)
from billflow.models.tables import BillingAccountRow, CustomerPlan, InvoiceRow
from billflow.models.tables.reconciliation import (
    ReconciliationFinding,
    ReconciliationStripeCustomer,
    ReconciliationStripeInvoice,
)
from billflow.models.tables.reconciliation import ReconciliationRunRow as RunRow
from billflow.ports.reconciliation import PAGE, PAGE_AT_STRIPE, ReconciliationRepository
from billflow.store.customers.transactions import LIVE
from billflow.store.invoices.records import summary
from billflow.store.plans.records import STATES, plan_state
from billflow.store.reconciliation.customers import CustomersToCompare
from billflow.store.reconciliation.runs import finding_row
from billflow.store.session.rows import as_id, as_record, from_row

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])

_INVOICES = select(InvoiceRow, BillingAccountRow.stripe_customer_id).join(
    BillingAccountRow, BillingAccountRow.id == InvoiceRow.billing_account_id
)
_WORST_FIRST = case({severity: rank for rank, severity in enumerate(Severity)}, value=ReconciliationFinding.severity)


@dataclass(frozen=True)
class PostgresReconciliationRepository(CustomersToCompare, ReconciliationRepository):
    """Invoices and plans in PostgreSQL as reconciliation compares them, and the runs that did."""

    page_size: int = PAGE

    async def begin(self, run: ReconciliationInput, workflow_run_id: str, at: datetime) -> str:
        row = insert(RunRow).values(
            org_id=as_id(run.org_id, "organization"), workflow_run_id=workflow_run_id, repair=run.repair, started_at=at
        )
        async with self.database.unit_of_work(run.org_id) as session:
            await session.execute(row.on_conflict_do_nothing())
            found = await session.scalars(select(RunRow.id).where(RunRow.workflow_run_id == workflow_run_id))
            return str(found.one())

    async def store_listed(self, run: RunRef, listed: Sequence[StripeInvoice]) -> None:
        if not listed:
            return
        rows = [asdict(one) | {"org_id": UUID(run.org_id), "run_id": UUID(run.run_id)} for one in listed]
        async with self.database.unit_of_work(run.org_id) as session:
            await session.execute(insert(ReconciliationStripeInvoice).on_conflict_do_nothing(), rows)

    async def invoices_page(self, run: RunRef, after: str | None) -> Sequence[RecordedInvoice]:
        query = _INVOICES.order_by(InvoiceRow.id).limit(self.page_size)
        if run.scope.days is not None:
            since = run.started_at - timedelta(days=run.scope.days)
            query = query.where(or_(InvoiceRow.created_at >= since, InvoiceRow.status.in_(UNPAID)))
        return await self._records(run.org_id, _after(query, InvoiceRow.id, after))

    async def invoices(self, org_id: str, invoice_ids: Collection[str]) -> Mapping[str, RecordedInvoice]:
        found = await self._records(org_id, _INVOICES.where(InvoiceRow.id.in_(_uuids(invoice_ids))))
        return {one.summary.invoice_id: one for one in found}

    async def _records(self, org_id: str, query: Select[InvoiceRow, str | None]) -> Sequence[RecordedInvoice]:
        async with self.database.unit_of_work(org_id) as session:
            return [_to_compare(invoice, customer) for invoice, customer in await session.execute(query)]

    async def listed_for(self, run: RunRef, invoice_ids: Collection[str]) -> Mapping[str, list[StripeInvoice]]:
        found: dict[str, list[StripeInvoice]] = {}
        query = _listed_in(run).where(ReconciliationStripeInvoice.invoice_id.in_(invoice_ids))
        async with self.database.unit_of_work(run.org_id) as session:
            for row in await session.scalars(query):
                found.setdefault(row.invoice_id, []).append(from_row(StripeInvoice, row))
        return found

    async def listed_page(self, run: RunRef, after: str | None) -> Sequence[StripeInvoice]:
        query = (
            _listed_in(run).where(ReconciliationStripeInvoice.stripe_invoice_id > (after or "")).limit(self.page_size)
        )
        async with self.database.unit_of_work(run.org_id) as session:
            return [from_row(StripeInvoice, row) for row in await session.scalars(query)]

    async def plans_page(self, run: RunRef, after: str | None) -> Sequence[PlanState]:
        quiet_since = run.started_at - timedelta(minutes=run.scope.grace_minutes)
        wanted = STATES.where(LIVE, CustomerPlan.updated_at <= quiet_since)
        query = wanted.order_by(CustomerPlan.id).limit(self.page_size)
        return await self._states(run.org_id, _after(query, CustomerPlan.id, after))

    async def plans(self, org_id: str, plan_ids: Collection[str]) -> Mapping[str, PlanState]:
        states = await self._states(org_id, STATES.where(CustomerPlan.id.in_(_uuids(plan_ids))))
        return {state.plan_id: state for state in states}

    async def _states(self, org_id: str, query: Select[*tuple[Any, ...]]) -> Sequence[PlanState]:
        async with self.database.unit_of_work(org_id) as session:
            return list(map(plan_state, await session.execute(query)))

    async def store_findings(self, run: RunRef, findings: Sequence[Finding], compared: int = 0) -> None:
        rows = [_row(finding, run) for finding in findings]
        counted = update(RunRow).where(RunRow.id == UUID(run.run_id))
        async with self.database.unit_of_work(run.org_id) as session:
            if rows:
                await session.execute(insert(ReconciliationFinding).on_conflict_do_nothing(), rows)
            if compared:
                await session.execute(counted.values(invoices_compared=RunRow.invoices_compared + compared))

    async def suspects(self, run: RunRef, after: str | None) -> Sequence[str]:
        subject, found = ReconciliationFinding.subject_id, ReconciliationFinding.run_id == UUID(run.run_id)
        query = select(subject).where(found, subject > (after or "")).distinct().order_by(subject)
        async with self.database.unit_of_work(run.org_id) as session:
            return (await session.scalars(query.limit(self._page_at_stripe))).all()

    async def replace_findings(self, run: RunRef, invoice_id: str, findings: Sequence[Finding]) -> None:
        row = ReconciliationFinding
        old = delete(row).where(row.run_id == UUID(run.run_id), row.subject_id == invoice_id)
        async with self.database.unit_of_work(run.org_id) as session:
            await session.execute(old)
            if findings:
                await session.execute(insert(row), [_row(finding, run) for finding in findings])

    async def count_findings(self, run: RunRef) -> int:
        async with self.database.unit_of_work(run.org_id) as session:
            query = select(func.count()).where(ReconciliationFinding.run_id == UUID(run.run_id))
            return await session.scalar(query) or 0

    @property
    def _page_at_stripe(self) -> int:
        return min(self.page_size, PAGE_AT_STRIPE)

    async def repairable(self, run: RunRef, after: str | None) -> Sequence[FindingRecord]:
        query = (
            _findings_of(run.run_id)
            .where(ReconciliationFinding.repair.is_not(None), ReconciliationFinding.repaired_at.is_(None))
            .order_by(ReconciliationFinding.id)
            .limit(self._page_at_stripe)
        )
        async with self.database.unit_of_work(run.org_id) as session:
            return list(map(_record, await session.scalars(_after(query, ReconciliationFinding.id, after))))

    async def finding(self, wanted: RepairInput) -> FindingRecord:
        async with self.database.unit_of_work(wanted.org_id) as session:
            return _record(await finding_row(session, wanted))

    async def mark_repaired(self, run: RunRef, finding_id: str, at: datetime) -> None:
        await self._update(run, finding_id, repaired_at=at, problem=None)

    async def mark_not_repaired(self, run: RunRef, finding_id: str, problem: str) -> None:
        await self._update(run, finding_id, problem=problem)

    async def _update(self, run: RunRef, finding_id: str, **values: object) -> None:
        query = update(ReconciliationFinding).where(ReconciliationFinding.id == UUID(finding_id))
        async with self.database.unit_of_work(run.org_id) as session:
            await session.execute(query.values(values))

    async def finish(self, run: RunRef, at: datetime) -> None:
        run_id = UUID(run.run_id)
        async with self.database.unit_of_work(run.org_id) as session:
            for table in (ReconciliationStripeInvoice, ReconciliationStripeCustomer):
                await session.execute(delete(table).where(table.run_id == run_id))
            await session.execute(
                update(RunRow).where(RunRow.id == run_id).values(finished_at=func.coalesce(RunRow.finished_at, at))
            )

    async def report(self, org_id: str, run_id: str | None = None) -> ReconciliationReport:
        """Return one run, the newest unless named, its worst findings first; raises `NotFound`."""
        query = select(RunRow).order_by(RunRow.started_at.desc(), RunRow.id).limit(1)
        if run_id is not None:
            query = query.where(RunRow.id == as_id(run_id, "reconciliation"))
        async with self.database.unit_of_work(org_id) as session:
            run = (await session.scalars(query)).one_or_none()
            if run is None:
                raise NotFound("Nothing was reconciled yet; run: billflow reconcile.")
            order = (_WORST_FIRST.desc(), ReconciliationFinding.kind, ReconciliationFinding.id)
            findings = await session.scalars(_findings_of(str(run.id)).order_by(*order))
            return as_record(ReconciliationReport, run, findings=tuple(map(_record, findings)))


def _after(query: Query, column: InstrumentedAttribute[UUID], after: str | None) -> Query:
    return query if after is None else query.where(column > UUID(after))


def _uuids(ids: Collection[str]) -> list[UUID]:
    """Return the ids that can be ours; Stripe's metadata may hold anything."""
    found = []
    for text_id in ids:
        try:
            found.append(UUID(text_id))
        except ValueError:
            continue
    return found


def _listed_in(run: RunRef) -> Select[ReconciliationStripeInvoice]:
    in_run = ReconciliationStripeInvoice.run_id == UUID(run.run_id)
    return select(ReconciliationStripeInvoice).where(in_run).order_by(ReconciliationStripeInvoice.stripe_invoice_id)


def _findings_of(run_id: str) -> Select[ReconciliationFinding]:
    return select(ReconciliationFinding).where(ReconciliationFinding.run_id == UUID(run_id))


def _to_compare(invoice: InvoiceRow, stripe_customer_id: str | None) -> RecordedInvoice:
    return from_row(
        RecordedInvoice,
        invoice,
        summary=summary(invoice),
        stripe_customer_id=stripe_customer_id,
        changed_at=invoice.updated_at,
        is_unbilled=_is_unbilled(invoice),
    )


def _is_unbilled(invoice: InvoiceRow) -> bool:
    """Tell whether a void invoice leaves something unbilled; a purchase that is void never began."""
    taken_back = invoice.status is InvoiceStatus.VOID and invoice.kind is InvoiceKind.RECURRING and invoice.total > 0
    return taken_back and invoice.replaced_by_invoice_id is None and not invoice.waived


def _row(finding: Finding, run: RunRef) -> dict[str, object]:
    values = asdict(finding) | {"stripe_invoice_ids": list(finding.stripe_invoice_ids)}
    return values | {"org_id": UUID(run.org_id), "run_id": UUID(run.run_id)}


def _record(row: ReconciliationFinding) -> FindingRecord:
    return as_record(FindingRecord, row)
