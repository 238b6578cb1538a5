"""One customer's events on their way to one endpoint, in order, for as long as there are any."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from billflow.activities.delivery import DeliveryActivities
    from billflow.models.contracts.endpoints import DeliveryStream, DeliveryStreamState
    from billflow.temporal.queues import DELIVERY

_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))


@workflow.defn(name="DeliveryWorkflow")
class DeliveryWorkflow:
    """Sends, waits for the next attempt where one failed, and ends when nothing is left; the rows know what is left."""

    @workflow.init
    def __init__(self, stream: DeliveryStream) -> None:
        self._stream = stream
        self._news = False

    @workflow.run
    async def run(self, stream: DeliveryStream) -> None:
        """Deliver what waits on the delivery stream."""
        while not workflow.info().is_continue_as_new_suggested():
            self._news = False
            state = await self._deliver()
            if state.wait is not None:
                await workflow.sleep(state.wait, summary="next attempt")
            elif not self._news:
                return
        workflow.continue_as_new(stream)

    @workflow.signal(name="events")
    def effects(self) -> None:
        """Hear that something may be there to send."""
        self._news = True

    async def _deliver(self) -> DeliveryStreamState:
        return await workflow.execute_activity_method(
            DeliveryActivities.deliver,
            self._stream,
            summary="deliver what is due",
            task_queue=DELIVERY,
            start_to_close_timeout=timedelta(minutes=15),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=_RETRY,
        )
