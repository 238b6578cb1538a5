"""Delivering a stream's messages one after the other; one that was sent but not recorded is sent again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity

from billflow.models.contracts.endpoints import DeliveryResult, DeliveryStream
from billflow.ports.webhooks import DeliveryRepository, WebhookSender
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import delivery_workflow

AT_ONCE = 50
"""How many messages one call sends, so that a stop is never far."""

HEARTBEAT = timedelta(seconds=30)
"""After how long without a heartbeat from its worker a message is sent again by another one."""


@dataclass(frozen=True)
class DeliverySweepActivities:
    """Finding the delivery streams of all organizations whose workflow Temporal has lost."""

    deliveries: DeliveryRepository
    control: WorkflowControl

    @activity.defn
    async def sweep_streams(self) -> None:
        """Start the workflows of streams that have messages and no workflow; one that runs isn't disturbed."""
        for org_id in await self.deliveries.organizations_with_open_streams():
            for stream in await self.deliveries.open_streams(org_id):
                await self.control.start(delivery_workflow(stream))
            activity.heartbeat()


def _real_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class DeliveryActivities:
    """What a stream's workflow does; `now` is real time, whatever test clocks say."""

    deliveries: DeliveryRepository
    sender: WebhookSender
    now: Callable[[], datetime] = _real_time

    @activity.defn
    async def deliver(self, stream: DeliveryStream) -> DeliveryResult:
        """Send what is due on a stream, in order, and say how long to wait for the rest."""
        for _ in range(AT_ONCE):
            message = await self.deliveries.next_message(stream)
            if message is None:
                return DeliveryResult()
            now = self.now()
            if message.next_attempt_at is not None and message.next_attempt_at > now:
                return DeliveryResult(wait=message.next_attempt_at - now)
            activity.heartbeat()
            await self.deliveries.record_attempt(stream, await self.sender.send(message, now))
        return DeliveryResult(wait=timedelta(0))
