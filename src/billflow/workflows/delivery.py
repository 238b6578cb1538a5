"""One customer's events on their way to one endpoint, in order, for as long as there are any."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from billflow.activities.delivery import DeliveryActivities
    from billflow.models.contracts.delivery import Lane, LaneState
    from billflow.temporal.queues import DELIVERY

_RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))


@workflow.defn(name="DeliveryWorkflow")
class DeliveryWorkflow:
    """Sends, waits for the next attempt where one failed, and ends when nothing is left; the rows know what is left."""

    @workflow.init
    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._news = False

    @workflow.run
    async def run(self, lane: Lane) -> None:
        """Deliver what waits on the lane."""
        while not workflow.info().is_continue_as_new_suggested():
            self._news = False
            state = await self._deliver()
            if state.wait is not None:
                await workflow.sleep(state.wait, summary="next attempt")
            elif not self._news:
                return
        workflow.continue_as_new(lane)

    @workflow.signal(name="news")
    def news(self) -> None:
        """Hear that something may be there to send."""
        self._news = True

    async def _deliver(self) -> LaneState:
        return await workflow.execute_activity_method(
            DeliveryActivities.deliver,
            self._lane,
            summary="deliver what is due",
            task_queue=DELIVERY,
            start_to_close_timeout=timedelta(minutes=15),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=_RETRY,
        )
