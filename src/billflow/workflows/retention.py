"""What is older than its period is deleted, every night."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.retention import RetentionActivities
    from billflow.workflows.activity_execution import PATIENT

TIMEOUT = timedelta(hours=6)
HEARTBEAT = timedelta(minutes=5)


@workflow.defn(name="RetentionWorkflow")
class RetentionWorkflow:
    """Deletes in all organizations; what is left when a worker dies, the next one deletes."""

    @workflow.run
    async def run(self) -> dict[str, int]:
        """Delete, and return how many rows of each kind."""
        return await workflow.execute_activity_method(
            RetentionActivities.prune,
            summary="prune",
            start_to_close_timeout=TIMEOUT,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=PATIENT,
        )
