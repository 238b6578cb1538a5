"""Database, Stripe and workflows compared, and repaired where that is safe: every night, and on request."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.reconciliation import ReconciliationActivities
    from billflow.models.contracts.reconciliation import (
        ReconciliationInput,
        ReconciliationPart,
        RunRef,
        SliceInput,
    )
    from billflow.temporal.queues import STRIPE
    from billflow.workflows.activity_execution import PATIENT, at_stripe

SLICE_TIMEOUT = timedelta(minutes=30)
HEARTBEAT = timedelta(minutes=1)


@workflow.defn(name="ReconciliationWorkflow")
class ReconciliationWorkflow:
    """Takes the parts of a run one after another, slice by slice; what it finds is kept in the database."""

    @workflow.init
    def __init__(self, run: ReconciliationInput) -> None:
        self._run = run.model_copy(update={"started_at": run.started_at or workflow.now()})

    @workflow.run
    async def run(self, run: ReconciliationInput) -> str:
        """Compare and repair; return the id under which the findings are kept."""
        if self._run.run_id is None:
            run_id = await at_stripe(ReconciliationActivities.begin_reconciliation, self._run, "begin")
            self._run = self._run.model_copy(update={"run_id": run_id})
        parts = list(ReconciliationPart)
        for part in parts[parts.index(self._run.part) :]:
            if part is not ReconciliationPart.REPAIR or self._run.repair:
                await self._take(part)
        await at_stripe(ReconciliationActivities.finish_reconciliation, self._ref(), "finish")
        return self._ref().run_id

    async def _take(self, part: ReconciliationPart) -> None:
        cursor = self._run.cursor if part is self._run.part else None
        while True:
            result = await workflow.execute_activity_method(
                ReconciliationActivities.reconcile_slice,
                SliceInput(**self._ref().model_dump(), part=part, cursor=cursor),
                task_queue=STRIPE,
                summary=part.replace("_", " "),
                start_to_close_timeout=SLICE_TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=PATIENT,
            )
            if (cursor := result.next) is None:
                return
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(self._run.model_copy(update={"part": part, "cursor": cursor}))

    def _ref(self) -> RunRef:
        run = self._run
        return RunRef(
            org_id=run.org_id,
            run_id=run.run_id or "",
            started_at=run.started_at or workflow.now(),
            repair=run.repair,
            scope=run.scope,
        )
