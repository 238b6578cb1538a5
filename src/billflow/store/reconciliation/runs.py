"""The runs of reconciliation as people look at them, ask for them, and have their findings repaired."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.domain.reconciliation import Severity
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.reconciliation import (
    FindingFilter,
    FindingRecord,
    ReconciliationCreate,
    ReconciliationRunRecord,
    RepairInput,
)
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import ReconciliationFinding
from billflow.models.tables import ReconciliationRunRow as RunRow
from billflow.store.audit.recorder import recorder_of
from billflow.store.session.database import Repository
from billflow.store.session.paging import page
from billflow.store.session.rows import as_id, as_record, existing, from_row, row_by_id, written

_WORST_FIRST = case({severity: rank for rank, severity in enumerate(Severity)}, value=ReconciliationFinding.severity)
_NEWEST: Select[RunRow] = select(RunRow).order_by(RunRow.started_at.desc(), RunRow.id.desc()).limit(1)


class PostgresReconciliationRuns(Repository):
    """Runs and their findings. Unknown ids raise `NotFound`."""

    async def ask(
        self, org_id: str, asked: ReconciliationCreate, key: NamespacedKey, change: ChangeContext
    ) -> ReconciliationRunRecord:
        """Write a run that somebody asks for, once for each *key*."""
        async with self.database.unit_of_work(org_id) as session:
            row = (await session.scalars(_asked_under(org_id, key))).one_or_none()
            if row is None:
                name = _name(org_id, key)
                owner = as_id(org_id, "organization")
                row = RunRow(org_id=owner, workflow_run_id=name, repair=asked.repair, started_at=change.at)
                session.add(row)
                await written(session, row)
                detail = asked.model_dump(mode="json", exclude_none=True)
                detail |= {"reason": change.reason} if change.reason else {}
                subject = ("reconciliation_run", row.id)
                recorder_of(session, owner, change).audit("reconciliation.requested", subject, detail=detail)
            return (await _records(session, [row]))[0]

    async def is_asked(self, org_id: str, key: NamespacedKey) -> bool:
        """Tell whether a run was asked for under that key."""
        async with self.database.unit_of_work(org_id) as session:
            return (await session.scalars(_asked_under(org_id, key))).one_or_none() is not None

    async def search(self, org_id: str, paging: Paging) -> Page[ReconciliationRunRecord]:
        """Return one part of the runs, the newest first."""
        async with self.database.unit_of_work(org_id) as session:
            found = await page(session, select(RunRow), (RunRow.started_at, RunRow.id), paging, lambda one: one[0])
            rows = await _records(session, found.rows)
            return Page(rows=tuple(rows), total=found.total, next=found.next)

    async def get(self, org_id: str, run_id: str) -> ReconciliationRunRecord:
        """Return one run."""
        async with self.database.unit_of_work(org_id) as session:
            return (await _records(session, [await _run(session, run_id)]))[0]

    async def newest(self, org_id: str) -> ReconciliationRunRecord | None:
        """Return the newest run, None before the first."""
        async with self.database.unit_of_work(org_id) as session:
            found = (await session.scalars(_NEWEST)).one_or_none()
            return (await _records(session, [found]))[0] if found else None

    async def findings(self, org_id: str, run_id: str, wanted: FindingFilter) -> tuple[FindingRecord, ...]:
        """Return the findings of a run that a filter is of, the worst first."""
        row = ReconciliationFinding
        async with self.database.unit_of_work(org_id) as session:
            query = select(row).where(row.run_id == (await _run(session, run_id)).id)
            found = await session.scalars(query.order_by(_WORST_FIRST.desc(), row.kind, row.id))
            records = [as_record(FindingRecord, one) for one in found]
        return tuple(record for record in records if wanted.fits(record))

    async def ask_to_repair(self, wanted: RepairInput, change: ChangeContext) -> FindingRecord:
        """Write down who has a finding repaired and why, unless it is repaired already; return the finding.

        Raises `Refused` for one that only a person can repair, and for one of a run that is not the newest.
        """
        async with self.database.unit_of_work(wanted.org_id) as session:
            row = await finding_row(session, wanted)
            record = as_record(FindingRecord, row)
            if row.repaired_at is None:
                await _check_repairable(session, row)
                detail = {"repair": row.repair, "finding": row.message, "reason": change.reason}
                subject = ("reconciliation_finding", row.id)
                recorder_of(session, row.org_id, change).audit("reconciliation.repair", subject, detail=detail)
            return record


def _name(org_id: str, key: NamespacedKey) -> str:
    return f"{org_id}/{key}"


def _asked_under(org_id: str, key: NamespacedKey) -> Select[RunRow]:
    return select(RunRow).where(RunRow.workflow_run_id == _name(org_id, key))


async def finding_row(session: AsyncSession, wanted: RepairInput) -> ReconciliationFinding:
    """Return a finding of a run; raises `NotFound`."""
    run = await _run(session, wanted.reconciliation_run_id)
    found = await session.get(ReconciliationFinding, as_id(wanted.finding_id, "finding"))
    return existing(found if found and found.run_id == run.id else None, "finding", wanted.finding_id)


async def _check_repairable(session: AsyncSession, row: ReconciliationFinding) -> None:
    if row.repair is None:
        message = "Billflow can't repair this by itself; the finding says what a person can do."
        raise Refused(message, code="not_repairable")
    newest = (await session.scalars(_NEWEST)).one()
    if newest.id != row.run_id:
        message = "A newer run has compared since; repair what that one found."
        raise Refused(message, code="finding_outdated")


async def _run(session: AsyncSession, run_id: str) -> RunRow:
    return await row_by_id(session, RunRow, run_id, "reconciliation run")


async def _records(session: AsyncSession, runs: Sequence[RunRow]) -> list[ReconciliationRunRecord]:
    row = ReconciliationFinding
    for_a_person = and_(row.repaired_at.is_(None), or_(row.repair.is_(None), row.problem.is_not(None)))
    counted: Select[*tuple[Any, ...]] = (
        select(row.run_id, func.count(), func.count(row.repaired_at), func.count().filter(for_a_person))
        .where(row.run_id.in_([run.id for run in runs]))
        .group_by(row.run_id)
    )
    counts = {run_id: numbers for run_id, *numbers in await session.execute(counted)}
    names = ("findings", "repaired", "for_a_person")
    return [
        from_row(
            ReconciliationRunRecord,
            run,
            reconciliation_run_id=run.id,
            **dict(zip(names, counts.get(run.id, (0, 0, 0)), strict=True)),
        )
        for run in runs
    ]
