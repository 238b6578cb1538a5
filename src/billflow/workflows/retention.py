"""What is older than its period is deleted, every night."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.retention import RetentionActivities
    from billflow.workflows.activity_execution import on_schedule

TIMEOUT = timedelta(hours=6)
WINDOW = timedelta(hours=20)
"""How long a night's run is tried: it is over when the next night's begins."""

HEARTBEAT = timedelta(minutes=5)


@workflow.defn(name="RetentionWorkflow")
class RetentionWorkflow:
    """Deletes in all organizations; what is left when a worker dies, the next one deletes."""

    @workflow.run
    async def run(self) -> dict[str, int]:
        """Delete, and return how many rows of each kind."""
        return await on_schedule(
            RetentionActivities.prune,
            "prune",
            within=WINDOW,
            start_to_close_timeout=TIMEOUT,
            heartbeat_timeout=HEARTBEAT,
        )
