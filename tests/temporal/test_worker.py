"""Workers drain: what runs when the stop comes may finish."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.bridge.proto.activity_task import Cancel
from temporalio.client import Client
from temporalio.worker._activity import _ActivityWorker

from billflow.temporal.worker import activities_of, build_worker, run_until


@workflow.defn(sandboxed=False)
class OneActivityWorkflow:
    @workflow.run
    async def run(self) -> str:
        answer: str = await workflow.execute_activity(
            "charge", result_type=str, start_to_close_timeout=timedelta(seconds=30), summary="charge"
        )
        return answer


async def test_an_activity_that_runs_when_the_worker_stops_is_finished(temporal_client: Client) -> None:
    stop, started = asyncio.Event(), asyncio.Event()
    finished: list[str] = []

    @activity.defn
    async def charge() -> str:
        started.set()
        await activity.wait_for_worker_shutdown()
        finished.append("charged")
        return "charged"

    queue = str(uuid4())
    worker = build_worker(temporal_client, queue, workflows=[OneActivityWorkflow], activities=[charge])
    running = asyncio.create_task(run_until(stop, [worker]))
    await temporal_client.start_workflow(OneActivityWorkflow.run, id=queue, task_queue=queue)
    await started.wait()

    stop.set()
    await running

    assert finished == ["charged"]


def test_a_cancellation_that_comes_after_the_result_does_not_end_a_worker_of_the_tests() -> None:
    idle: Any = SimpleNamespace(_running_activities={})

    _ActivityWorker._handle_cancel_activity_task(idle, b"of an activity that has ended", Cancel())


class Charging:
    """A class with two activities and a method that is none."""

    @activity.defn
    async def charge(self) -> None:
        """Charge."""

    @activity.defn(name="refund")
    async def pay_back(self) -> None:
        """Pay back."""

    async def look(self) -> None:
        """Look, which nobody may schedule."""


def test_a_worker_is_given_every_activity_of_a_class_and_nothing_else() -> None:
    charging = Charging()

    assert activities_of(charging, object()) == [charging.charge, charging.pay_back]
