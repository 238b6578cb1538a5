"""Reconciliation as its callers see it: a run of it, and the repair of what one found."""

from dataclasses import dataclass

from billflow.domain.errors import Refused
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.reconciliation import (
    FindingRecord,
    ReconciliationCreate,
    ReconciliationInput,
    ReconciliationRunRecord,
    RepairInput,
    RunRef,
)
from billflow.store.session.repositories import Repositories
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import (
    asked_reconciliation_workflow,
    reconciliation_workflow,
    repair_workflow,
)


@dataclass(frozen=True)
class ReconciliationService:
    """Runs that people ask for; each goes on by itself."""

    control: WorkflowControl
    repositories: Repositories

    async def start(
        self, org_id: str, asked: ReconciliationCreate, key: NamespacedKey, change: ChangeContext
    ) -> ReconciliationRunRecord:
        """Begin a run, once for each *key*; raises `Refused` while another one goes on."""
        if not await self.repositories.reconciliation_runs.is_asked(org_id, key):
            await self._check_none_runs(org_id)
        record = await self.repositories.reconciliation_runs.ask(org_id, asked, key, change)
        if record.finished_at is None:
            await self.control.start(asked_reconciliation_workflow(_input(org_id, asked), _ref(record, asked)))
        return record

    async def repair(self, wanted: RepairInput, change: ChangeContext) -> FindingRecord:
        """Repair a finding and return it with what came of that; one that is repaired already stays so.

        Waits for a worker. Raises `Refused` for what only a person can repair, and for a finding that a newer run has
        made out of date.
        """
        finding = await self.repositories.reconciliation_runs.ask_to_repair(wanted, change)
        if finding.repaired_at is None:
            await self.control.run(repair_workflow(wanted))
        return await self.repositories.reconciliation.finding(wanted)

    async def _check_none_runs(self, org_id: str) -> None:
        newest = await self.repositories.reconciliation_runs.newest(org_id)
        if newest is None or newest.finished_at is not None:
            return
        asked = ReconciliationCreate()
        starts = (
            asked_reconciliation_workflow(_input(org_id, asked), _ref(newest, asked)),
            reconciliation_workflow(_input(org_id, asked), newest.started_at),
        )
        if any([await self.control.is_running(start.workflow_id) for start in starts]):
            message = "A run goes on already; look at that one, or start another when it is finished."
            raise Refused(message, code="reconciliation_running")


def _input(org_id: str, asked: ReconciliationCreate) -> ReconciliationInput:
    return ReconciliationInput(org_id=org_id, repair=asked.repair, scope=asked.scope)


def _ref(record: ReconciliationRunRecord, asked: ReconciliationCreate) -> RunRef:
    return RunRef(
        org_id=record.org_id,
        run_id=record.reconciliation_run_id,
        started_at=record.started_at,
        repair=record.repair,
        scope=asked.scope,
    )
