"""What an activity says by heartbeat is still there for its next attempt, whoever else shows that it lives."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy

from billflow.temporal.worker import build_worker

WITHIN = timedelta(seconds=1)


@workflow.defn(sandboxed=False)
class ComparingWorkflow:
    """Compares in three attempts."""

    @workflow.run
    async def run(self) -> list[list[str]]:
        """Return what each attempt found of the ones before."""
        found: list[list[str]] = await workflow.execute_activity(
            "compare",
            result_type=list[list[str]],
            start_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=WITHIN,
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=1)),
            summary="compare",
        )
        return found


async def test_a_cursor_outlives_the_heartbeats_that_only_show_life(temporal_client: Client) -> None:
    found: list[list[str]] = []

    @activity.defn
    async def compare() -> list[list[str]]:
        found.append(list(activity.info().heartbeat_details))
        if len(found) == 1:
            activity.heartbeat("page 7")
        if len(found) < 3:
            await asyncio.sleep(2 * WITHIN.total_seconds())
            raise ConnectionError
        return found

    queue = str(uuid4())
    async with build_worker(temporal_client, queue, workflows=[ComparingWorkflow], activities=[compare]):
        answer = await temporal_client.execute_workflow(ComparingWorkflow.run, id=queue, task_queue=queue)

    assert answer == [[], ["page 7"], ["page 7"]]
