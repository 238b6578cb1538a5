"""Database, Stripe and workflows compared, and repaired where that is safe: every night, and on request."""

from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.reconciliation import ReconciliationActivities
    from billflow.models.contracts.reconciliation import ReconciliationInput, ReconciliationPart, RunRef, SliceInput
    from billflow.temporal.queues import STRIPE
    from billflow.workflows.activity_execution import at_stripe, patiently

SLICE_TIMEOUT = timedelta(minutes=30)
HEARTBEAT = timedelta(minutes=1)


@workflow.defn(name="ReconciliationWorkflow")
class ReconciliationWorkflow:
    """Takes the parts of a run one after another, slice by slice; what it finds is kept in the database."""

    @workflow.run
    async def run(self, request: ReconciliationInput) -> str:
        """Compare and repair; return the id under which the findings are kept."""
        run = request.run
        if run is None:
            run = await at_stripe(ReconciliationActivities.begin_reconciliation, request, "begin")
        parts = list(ReconciliationPart)
        for part in parts[parts.index(request.part) :]:
            if part is not ReconciliationPart.REPAIR or run.repair:
                await self._take(request.model_copy(update={"run": run}), run, part)
        await at_stripe(ReconciliationActivities.finish_reconciliation, run, "finish")
        return run.run_id

    async def _take(self, request: ReconciliationInput, run: RunRef, part: ReconciliationPart) -> None:
        cursor = request.cursor if part is request.part else None
        while True:
            options = dict[str, Any](
                task_queue=STRIPE,
                start_to_close_timeout=SLICE_TIMEOUT,
                heartbeat_timeout=HEARTBEAT,
            )
            piece = SliceInput(**run.model_dump(), part=part, cursor=cursor)
            result = await patiently(ReconciliationActivities.reconcile_slice, piece, part.replace("_", " "), options)
            if (cursor := result.next) is None:
                return
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(request.model_copy(update={"part": part, "cursor": cursor}))
