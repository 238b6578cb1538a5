"""Telling customers ahead, of all organizations, as often as the schedule says."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.notices import NoticeActivities
    from billflow.temporal.queues import BILLFLOW
    from billflow.workflows.activity_execution import on_schedule

WINDOW = timedelta(hours=1)
"""How long one sweep is tried; the next one begins anew."""


@workflow.defn(name="NoticeSweepWorkflow")
class NoticeSweepWorkflow:
    """Tells once whatever is to be told by now; the rows know what was told."""

    @workflow.run
    async def run(self) -> None:
        """Sweep once."""
        await on_schedule(
            NoticeActivities.notify_customers,
            "trials, invoices and renewals to come",
            within=WINDOW,
            start_to_close_timeout=timedelta(minutes=50),
            heartbeat_timeout=timedelta(minutes=5),
            task_queue=BILLFLOW,
        )
