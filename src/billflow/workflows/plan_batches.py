"""One command for many plans, slice by slice: a few each second, so that nothing else waits for it."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.plan_batches import PlanBatchActivities
    from billflow.models.contracts.plan_batches import BatchInput
    from billflow.temporal.queues import BILLFLOW
    from billflow.workflows.activity_execution import in_background

SLICE_TIMEOUT = timedelta(minutes=5)
"""Longer than a slice takes whose every plan gives no answer."""

PAUSE = timedelta(seconds=2)
"""Between two slices, each of twenty plans: at most ten plans a second."""


@workflow.defn(name="PlanBatchWorkflow")
class PlanBatchWorkflow:
    """Does one part of a batch, its dry run or its commands; how far it is, is kept in the database."""

    @workflow.run
    async def run(self, part: BatchInput) -> None:
        """Take slice after slice until nothing is left, or the batch is canceled."""
        while await self._slice(part):
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(part)
            await workflow.sleep(PAUSE, summary="room for billing")

    async def _slice(self, part: BatchInput) -> bool:
        return await in_background(
            PlanBatchActivities.take_batch_slice,
            part,
            f"{part.phase}: the next plans",
            task_queue=BILLFLOW,
            start_to_close_timeout=SLICE_TIMEOUT,
        )
