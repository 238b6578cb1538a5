"""Database, Stripe and workflows compared, and repaired where that is safe: every night, and on request."""

import asyncio
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.reconciliation import ReconciliationActivities
    from billflow.models.contracts.reconciliation import (
        NightlyReconciliationInput,
        OrganizationsInput,
        ReconciliationInput,
        ReconciliationPart,
        RepairInput,
        RunRef,
        SliceInput,
    )
    from billflow.ports.reconciliation import SHARDS
    from billflow.temporal.priorities import PERSON_WAITS
    from billflow.temporal.queues import RECONCILIATION, STRIPE
    from billflow.temporal.workflow_starts import nightly_shard_workflow, reconciliation_workflow
    from billflow.workflows import external
    from billflow.workflows.activity_execution import Tolerated, at_stripe, in_background

SLICE_TIMEOUT = timedelta(minutes=30)


@workflow.defn(name="NightlyReconciliationWorkflow")
class NightlyReconciliationWorkflow:
    """Reconciles all organizations: the shards side by side, in each shard one organization after another."""

    @workflow.run
    async def run(self, night: NightlyReconciliationInput) -> None:
        """Reconcile every organization, or those of one shard; one that fails does not stop the others."""
        if night.shard is None:
            await asyncio.gather(*(self._shard(night, shard) for shard in range(SHARDS)))
            return
        after = night.after
        while org_ids := await self._organizations(night.shard, after):
            for after in org_ids:
                await self._organization(night, after)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(night.model_copy(update={"after": after}))

    async def _shard(self, night: NightlyReconciliationInput, shard: int) -> None:
        with Tolerated("a part of the organizations was not reconciled", shard=shard):
            await external.run_workflow(nightly_shard_workflow(night, shard, workflow.info().workflow_id))

    async def _organizations(self, shard: int, after: str | None) -> tuple[str, ...]:
        wanted = OrganizationsInput(shard=shard, after=after)
        return await in_background(
            ReconciliationActivities.organizations, wanted, "the next organizations", task_queue=RECONCILIATION
        )

    async def _organization(self, night: NightlyReconciliationInput, org_id: str) -> None:
        with Tolerated("an organization was not reconciled", org_id=org_id):
            request = ReconciliationInput(org_id=org_id, scope=night.scope)
            await external.run_workflow(reconciliation_workflow(request, workflow.now()))


@workflow.defn(name="FindingRepairWorkflow")
class FindingRepairWorkflow:
    """Repairs one finding that somebody chose."""

    @workflow.run
    async def run(self, wanted: RepairInput) -> None:
        """Repair it; what came of it is kept with the finding."""
        await at_stripe(ReconciliationActivities.repair_finding, wanted, "repair", urgency=PERSON_WAITS)


@workflow.defn(name="ReconciliationWorkflow")
class ReconciliationWorkflow:
    """Takes the parts of a run one after another, slice by slice; what it finds is kept in the database."""

    @workflow.run
    async def run(self, request: ReconciliationInput) -> str:
        """Compare and repair; return the id under which the findings are kept."""
        run = request.run
        if run is None:
            run = await in_background(
                ReconciliationActivities.begin_reconciliation, request, "begin", task_queue=RECONCILIATION
            )
        parts, findings = list(ReconciliationPart), request.findings
        if not workflow.patched("balances of customers"):
            parts = [part for part in parts if not part.is_about_customers]
        for part in parts[parts.index(request.part) :]:
            if self._is_wanted(part, run, findings):
                findings = await self._take(request.model_copy(update={"run": run, "findings": findings}), run, part)
        await in_background(ReconciliationActivities.finish_reconciliation, run, "finish", task_queue=RECONCILIATION)
        return run.run_id

    def _is_wanted(self, part: ReconciliationPart, run: RunRef, findings: int | None) -> bool:
        if part is ReconciliationPart.LOOK_AGAIN and findings is None:
            return False  # the run began when the comparison itself looked again
        return (findings != 0 or not part.is_about_findings) and (run.repair or part is not ReconciliationPart.REPAIR)

    async def _take(self, request: ReconciliationInput, run: RunRef, part: ReconciliationPart) -> int | None:
        cursor = request.cursor if part is request.part else None
        while True:
            result = await in_background(
                ReconciliationActivities.reconcile_slice,
                SliceInput(**run.model_dump(), part=part, cursor=cursor),
                part.replace("_", " "),
                task_queue=STRIPE if part.is_at_stripe else RECONCILIATION,
                start_to_close_timeout=SLICE_TIMEOUT,
            )
            if (cursor := result.next) is None:
                return result.findings
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(request.model_copy(update={"part": part, "cursor": cursor}))
