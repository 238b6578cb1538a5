"""Telling customers ahead, of all organizations, as often as the schedule says."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.notices import NoticeActivities
    from billflow.temporal.queues import BILLFLOW
    from billflow.workflows.activity_execution import PATIENT


@workflow.defn(name="NoticeSweepWorkflow")
class NoticeSweepWorkflow:
    """Tells once whatever is to be told by now; the rows know what was told."""

    @workflow.run
    async def run(self) -> None:
        """Sweep once."""
        await workflow.execute_activity_method(
            NoticeActivities.notify_customers,
            summary="trials, invoices and renewals to come",
            task_queue=BILLFLOW,
            start_to_close_timeout=timedelta(minutes=50),
            heartbeat_timeout=timedelta(minutes=5),
            retry_policy=PATIENT,
        )
