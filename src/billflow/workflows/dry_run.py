"""A dry run that was asked for over HTTP: its facts are read, then billed file by file, behind everything else."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from billflow.activities.dry_run import DryRunActivities
    from billflow.models.contracts.dry_run import DryRunRef
    from billflow.temporal.queues import BILLFLOW, DRY_RUNS
    from billflow.workflows.activity_execution import in_background

PART_TIMEOUT = timedelta(hours=1)
"""Longer than a part of a large book takes on a machine that has other things to do."""


@workflow.defn(name="DryRunWorkflow")
class DryRunWorkflow:
    """Carries out one dry run; how far it is and what it found is kept in the database."""

    @workflow.run
    async def run(self, asked: DryRunRef) -> None:
        """Read the facts, then bill file after file until nothing is left, or it is canceled."""
        try:
            await in_background(
                DryRunActivities.read_dry_run_facts,
                asked,
                "read the facts",
                task_queue=DRY_RUNS,
                start_to_close_timeout=PART_TIMEOUT,
            )
            while await self._bill(asked):
                if workflow.info().is_continue_as_new_suggested():
                    workflow.continue_as_new(asked)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            await in_background(DryRunActivities.give_up_dry_run, asked, "give up", task_queue=BILLFLOW)

    async def _bill(self, asked: DryRunRef) -> bool:
        return await in_background(
            DryRunActivities.bill_dry_run_files,
            asked,
            "bill the next files",
            task_queue=DRY_RUNS,
            start_to_close_timeout=PART_TIMEOUT,
        )
