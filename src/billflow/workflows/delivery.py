"""One customer's events on their way to one endpoint, in order, for as long as there are any."""

from datetime import timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.delivery import HEARTBEAT, DeliveryActivities, DeliverySweepActivities
    from billflow.models.contracts.endpoints import DeliveryResult, DeliveryStream
    from billflow.temporal.queues import DELIVERY
    from billflow.workflows.activity_execution import on_schedule, patiently

SWEEP_WINDOW = timedelta(hours=1)
"""How long one sweep is tried; the next one begins anew."""


@workflow.defn(name="DeliverySweepWorkflow")
class DeliverySweepWorkflow:
    """Starts the workflows of delivery streams that lost theirs, of all organizations; there is one of it at a time."""

    @workflow.run
    async def run(self) -> None:
        """Sweep once."""
        await on_schedule(
            DeliverySweepActivities.sweep_streams,
            "streams without a workflow",
            within=SWEEP_WINDOW,
            start_to_close_timeout=timedelta(minutes=15),
            heartbeat_timeout=timedelta(minutes=1),
            task_queue=DELIVERY,
        )


@workflow.defn(name="DeliveryWorkflow")
class DeliveryWorkflow:
    """Sends, waits where an attempt failed, and ends when nothing is left; the database knows what is left."""

    @workflow.init
    def __init__(self, stream: DeliveryStream) -> None:
        self._stream = stream
        self._woken = False

    @workflow.run
    async def run(self, stream: DeliveryStream) -> None:
        """Deliver what waits on the stream."""
        while not workflow.info().is_continue_as_new_suggested():
            self._woken = False
            result = await self._deliver()
            if result.wait is not None:
                await workflow.sleep(result.wait, summary="next attempt")
            elif not self._woken:
                return
        workflow.continue_as_new(stream)

    @workflow.signal(name="wake")
    def wake(self) -> None:
        """Note that there may be something to send."""
        self._woken = True

    async def _deliver(self) -> DeliveryResult:
        options = dict[str, Any](
            task_queue=DELIVERY,
            start_to_close_timeout=timedelta(minutes=15),
            heartbeat_timeout=HEARTBEAT,
        )
        return await patiently(DeliveryActivities.deliver, self._stream, "deliver what is due", options)
