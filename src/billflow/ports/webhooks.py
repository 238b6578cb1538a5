"""What activities need to deliver events: the rows of deliveries, and HTTP."""

from datetime import datetime
from typing import Protocol

from billflow.models.contracts.endpoints import Attempt, DeliveryStream, Message


class DeliveryRepository(Protocol):
    """Messages on their delivery streams; every method is one transaction and safe to repeat."""

    async def organizations_with_open_streams(self) -> tuple[str, ...]:
        """Return the ids of the organizations of which messages wait to be sent."""

    async def open_streams(self, org_id: str, endpoint_id: str | None = None) -> tuple[DeliveryStream, ...]:
        """Return the delivery streams on which something waits and nothing forbids to send it."""

    async def next_message(self, stream: DeliveryStream) -> Message | None:
        """Return the oldest message of a delivery stream; None where there is none, or it must not be sent now.

        While a customer is suspended, nothing is sent of what came after the suspension, and no replay.
        """

    async def record_attempt(self, stream: DeliveryStream, attempt: Attempt) -> None:
        """Write what came of sending a message, and when it is tried again."""


class WebhookSender(Protocol):
    """HTTP to endpoints."""

    async def send(self, message: Message, at: datetime) -> Attempt:
        """Send a message once; whatever goes wrong is in the answer."""
