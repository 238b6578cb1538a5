"""Reconciliation's view of the rows, and the record of its runs: `ReconciliationRepository` on PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from billflow.domain.errors import NotFound
from billflow.domain.reconciliation import Finding, Severity, StripeInvoice
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.reconciliation import (
    FindingRecord,
    ReconciliationInput,
    ReconciliationReport,
    RecordedInvoice,
    RunRef,
)
from billflow.models.tables import BillingAccountRow, CustomerPlan, InvoiceRow
from billflow.models.tables.reconciliation import ReconciliationFinding, ReconciliationStripeInvoice
from billflow.models.tables.reconciliation import ReconciliationRunRow as RunRow
from billflow.ports.reconciliation import PAGE
from billflow.store.customers.transactions import LIVE
from billflow.store.invoices.drafts import UNPAID
from billflow.store.plans.base import PlanStore
from billflow.store.plans.snapshots import STATES, StateRows, state_of, summary
from billflow.store.session.database import as_id

_BOOKED = select(InvoiceRow, BillingAccountRow.stripe_customer_id).join(
    BillingAccountRow, BillingAccountRow.id == InvoiceRow.billing_account_id
)
_WORST_FIRST = case({severity: rank for rank, severity in enumerate(Severity)}, value=ReconciliationFinding.severity)


@dataclass(frozen=True)
class PostgresReconciliation(PlanStore):
    """The rows as reconciliation compares them, and what became of its runs."""

    page_size: int = PAGE

    async def begin(self, run: ReconciliationInput, workflow_run_id: str, at: datetime) -> str:
        """Return the id of the run of that workflow run, writing it once."""
        row = insert(RunRow).values(
            org_id=as_id(run.org_id, "organization"), workflow_run_id=workflow_run_id, repair=run.repair, started_at=at
        )
        async with self.database.unit_of_work(run.org_id) as session:
            await session.execute(row.on_conflict_do_nothing())
            found = await session.scalars(select(RunRow.id).where(RunRow.workflow_run_id == workflow_run_id))
            return str(found.one())

    async def hold(self, run: RunRef, held: Sequence[StripeInvoice]) -> None:
        """Keep what Stripe listed until the run is finished."""
        if not held:
            return
        rows = [asdict(one) | {"org_id": UUID(run.org_id), "run_id": UUID(run.run_id)} for one in held]
        async with self.database.unit_of_work(run.org_id) as session:
            await session.execute(insert(ReconciliationStripeInvoice).on_conflict_do_nothing(), rows)

    async def booked_page(self, run: RunRef, after: str | None) -> Sequence[RecordedInvoice]:
        """Return the next invoices the run is to compare, by id."""
        query = _BOOKED.order_by(InvoiceRow.id).limit(self.page_size)
        if run.scope.days is not None:
            since = run.started_at - timedelta(days=run.scope.days)
            query = query.where(or_(InvoiceRow.created_at >= since, InvoiceRow.status.in_(UNPAID)))
        if after is not None:
            query = query.where(InvoiceRow.id > as_id(after, "invoice"))
        return await self._records(run.org_id, query)

    async def booked(self, org_id: str, invoice_ids: Collection[str]) -> Mapping[str, RecordedInvoice]:
        """Return those of the invoices that the rows know."""
        found = await self._records(org_id, _BOOKED.where(InvoiceRow.id.in_(_uuids(invoice_ids))))
        return {one.summary.invoice_id: one for one in found}

    async def _records(self, org_id: str, query: Select[InvoiceRow, str | None]) -> Sequence[RecordedInvoice]:
        async with self.database.unit_of_work(org_id) as session:
            return [_booked(invoice, customer) for invoice, customer in await session.execute(query)]

    async def held_for(self, run: RunRef, invoice_ids: Collection[str]) -> Mapping[str, list[StripeInvoice]]:
        """Return what Stripe listed of these invoices, by our id."""
        found: dict[str, list[StripeInvoice]] = {}
        query = _held_in(run).where(ReconciliationStripeInvoice.invoice_id.in_(invoice_ids))
        async with self.database.unit_of_work(run.org_id) as session:
            for row in await session.scalars(query):
                found.setdefault(row.invoice_id, []).append(_held(row))
        return found

    async def held_page(self, run: RunRef, after: str | None) -> Sequence[StripeInvoice]:
        """Return the next of the listed invoices, by Stripe's id."""
        query = _held_in(run).where(ReconciliationStripeInvoice.stripe_invoice_id > (after or "")).limit(self.page_size)
        async with self.database.unit_of_work(run.org_id) as session:
            return [_held(row) for row in await session.scalars(query)]

    async def plans_page(self, run: RunRef, after: str | None) -> Sequence[PlanState]:
        """Return the next plans that are to have a workflow and were left alone for a while, by id."""
        quiet_since = run.started_at - timedelta(minutes=run.scope.grace_minutes)
        wanted = STATES.where(LIVE, CustomerPlan.updated_at <= quiet_since)
        query = wanted.order_by(CustomerPlan.id).limit(self.page_size)
        if after is not None:
            query = query.where(CustomerPlan.id > as_id(after, "plan"))
        async with self.database.unit_of_work(run.org_id) as session:
            return [state_of(StateRows(*row), self.catalog) for row in await session.execute(query)]

    async def plans(self, org_id: str, plan_ids: Collection[str]) -> Mapping[str, PlanState]:
        """Return those of the plans that the rows know."""
        query = STATES.where(CustomerPlan.id.in_(_uuids(plan_ids)))
        async with self.database.unit_of_work(org_id) as session:
            states = [state_of(StateRows(*row), self.catalog) for row in await session.execute(query)]
        return {state.plan_id: state for state in states}

    async def keep(self, run: RunRef, findings: Sequence[Finding], compared: int = 0) -> None:
        """Keep findings, each once, and count the invoices compared."""
        rows = [_row(finding, run) for finding in findings]
        counted = update(RunRow).where(RunRow.id == UUID(run.run_id))
        async with self.database.unit_of_work(run.org_id) as session:
            if rows:
                await session.execute(insert(ReconciliationFinding).on_conflict_do_nothing(), rows)
            if compared:
                await session.execute(counted.values(invoices_compared=RunRow.invoices_compared + compared))

    async def repairable(self, run: RunRef, after: str | None) -> Sequence[FindingRecord]:
        """Return the next findings that can be repaired and are not yet, by id."""
        query = (
            _findings_of(run.run_id)
            .where(ReconciliationFinding.repair.is_not(None), ReconciliationFinding.repaired_at.is_(None))
            .order_by(ReconciliationFinding.id)
            .limit(self.page_size)
        )
        if after is not None:
            query = query.where(ReconciliationFinding.id > UUID(after))
        async with self.database.unit_of_work(run.org_id) as session:
            return [_finding(row) for row in await session.scalars(query)]

    async def repaired(self, run: RunRef, finding_id: str, at: datetime) -> None:
        """Remember that a finding is repaired."""
        query = update(ReconciliationFinding).where(ReconciliationFinding.id == UUID(finding_id))
        async with self.database.unit_of_work(run.org_id) as session:
            await session.execute(query.values(repaired_at=at, problem=None))

    async def not_repaired(self, run: RunRef, finding_id: str, problem: str) -> None:
        """Remember why a finding could not be repaired."""
        query = update(ReconciliationFinding).where(ReconciliationFinding.id == UUID(finding_id))
        async with self.database.unit_of_work(run.org_id) as session:
            await session.execute(query.values(problem=problem))

    async def finish(self, run: RunRef, at: datetime) -> None:
        """Close the run and let go of what Stripe listed."""
        run_id = UUID(run.run_id)
        async with self.database.unit_of_work(run.org_id) as session:
            await session.execute(
                delete(ReconciliationStripeInvoice).where(ReconciliationStripeInvoice.run_id == run_id)
            )
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
            return _report(run, [_finding(row) for row in findings])


def _uuids(ids: Collection[str]) -> list[UUID]:
    """Return the ids that can be ours; Stripe's metadata may hold anything."""
    found = []
    for text_id in ids:
        try:
            found.append(UUID(text_id))
        except ValueError:
            continue
    return found


def _held_in(run: RunRef) -> Select[ReconciliationStripeInvoice]:
    in_run = ReconciliationStripeInvoice.run_id == UUID(run.run_id)
    return select(ReconciliationStripeInvoice).where(in_run).order_by(ReconciliationStripeInvoice.stripe_invoice_id)


def _findings_of(run_id: str) -> Select[ReconciliationFinding]:
    return select(ReconciliationFinding).where(ReconciliationFinding.run_id == UUID(run_id))


def _booked(invoice: InvoiceRow, stripe_customer_id: str | None) -> RecordedInvoice:
    return RecordedInvoice(
        summary=summary(invoice),
        stripe_invoice_id=invoice.stripe_invoice_id,
        stripe_customer_id=stripe_customer_id,
        changed_at=invoice.updated_at,
    )


def _held(row: ReconciliationStripeInvoice) -> StripeInvoice:
    return StripeInvoice(
        stripe_invoice_id=row.stripe_invoice_id,
        invoice_id=row.invoice_id,
        status=row.status,
        total=row.total,
        currency=row.currency,
    )


def _row(finding: Finding, run: RunRef) -> dict[str, object]:
    values = asdict(finding) | {"stripe_invoice_ids": list(finding.stripe_invoice_ids)}
    return values | {"org_id": UUID(run.org_id), "run_id": UUID(run.run_id)}


def _finding(row: ReconciliationFinding) -> FindingRecord:
    return FindingRecord(
        finding_id=str(row.id),
        kind=row.kind,
        severity=row.severity,
        subject_id=row.subject_id,
        message=row.message,
        repair=row.repair,
        stripe_invoice_ids=tuple(row.stripe_invoice_ids),
        closed_as=row.closed_as,
        repaired_at=row.repaired_at,
        problem=row.problem,
    )


def _report(run: RunRow, findings: list[FindingRecord]) -> ReconciliationReport:
    return ReconciliationReport(
        run_id=str(run.id),
        started_at=run.started_at,
        finished_at=run.finished_at,
        repair=run.repair,
        invoices_compared=run.invoices_compared,
        findings=tuple(findings),
    )
