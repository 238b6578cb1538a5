"""Rows, Stripe and workflows compared, and repaired where that is safe: every night, and when asked."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from billflow.activities.reconciliation import ReconciliationActivities
    from billflow.models.contracts.reconciliation import (
        ReconciliationPart,
        ReconciliationRun,
        RunRef,
        SliceInput,
    )
    from billflow.temporal.queues import STRIPE

SLICE_TIMEOUT = timedelta(minutes=30)
HEARTBEAT = timedelta(minutes=1)
_PATIENT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))


@workflow.defn(name="ReconciliationWorkflow")
class ReconciliationWorkflow:
    """Takes the parts of a run one after another, slice by slice; what it finds is kept in the rows."""

    @workflow.init
    def __init__(self, run: ReconciliationRun) -> None:
        self._run = run.model_copy(update={"started_at": run.started_at or workflow.now()})

    @workflow.run
    async def run(self, run: ReconciliationRun) -> str:
        """Compare and repair; return the id under which the findings are kept."""
        if self._run.run_id is None:
            run_id = await workflow.execute_activity_method(
                ReconciliationActivities.begin_reconciliation,
                self._run,
                task_queue=STRIPE,
                summary="begin",
                start_to_close_timeout=HEARTBEAT,
                retry_policy=_PATIENT,
            )
            self._run = self._run.model_copy(update={"run_id": run_id})
        parts = list(ReconciliationPart)
        for part in parts[parts.index(self._run.part) :]:
            if part is not ReconciliationPart.REPAIR or self._run.repair:
                await self._take(part)
        await workflow.execute_activity_method(
            ReconciliationActivities.finish_reconciliation,
            self._ref(),
            task_queue=STRIPE,
            summary="finish",
            start_to_close_timeout=HEARTBEAT,
            retry_policy=_PATIENT,
        )
        return self._ref().run_id

    async def _take(self, part: ReconciliationPart) -> None:
        cursor = self._run.cursor if part is self._run.part else None
        while True:
            done = await workflow.execute_activity_method(
                ReconciliationActivities.reconcile_slice,
                SliceInput(**self._ref().model_dump(), part=part, cursor=cursor),
                task_queue=STRIPE,
                summary=part.replace("_", " "),
                start_to_close_timeout=SLICE_TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
                retry_policy=_PATIENT,
            )
            if (cursor := done.next) is None:
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
