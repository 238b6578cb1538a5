"""What telling the world about events needs: rows that remember, and somebody who sends."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.endpoints import (
    Attempt,
    CreatedEndpoint,
    DeliveryRecord,
    DeliveryStream,
    EndpointChange,
    EndpointRecord,
    EventFilter,
    EventRecord,
    Message,
    NewEndpoint,
    ReplayInput,
    RoutingResult,
)
from billflow.models.contracts.records import Page, Paging


class Endpoints(Protocol):
    """Where an organization wants its events; every method is one transaction. Unknown ids raise `NotFound`."""

    async def create_endpoint(self, org_id: str, new: NewEndpoint, change: ChangeContext) -> CreatedEndpoint:
        """Make an endpoint with a secret of its own."""
        ...

    async def endpoint(self, org_id: str, endpoint_id: str) -> EndpointRecord:
        """Return one endpoint."""
        ...

    async def endpoints(self, org_id: str, paging: Paging) -> Page[EndpointRecord]:
        """Return one part of the endpoints, the newest first."""
        ...

    async def update_endpoint(
        self, org_id: str, endpoint_id: str, update: EndpointChange, change: ChangeContext
    ) -> EndpointRecord:
        """Change what *update* names."""
        ...

    async def rotate_secret(
        self, org_id: str, endpoint_id: str, overlap: timedelta, change: ChangeContext
    ) -> CreatedEndpoint:
        """Give an endpoint a new secret; the old one signs too until *overlap* is over."""
        ...

    async def delete_endpoint(self, org_id: str, endpoint_id: str, change: ChangeContext) -> None:
        """Send nothing there any more; what was sent stays in the log."""
        ...


class Outbox(Protocol):
    """Events and their way out; every method is one transaction and safe to repeat."""

    async def events(self, org_id: str, wanted: EventFilter, paging: Paging) -> Page[EventRecord]:
        """Return one part of the events, the newest first."""
        ...

    async def orgs_with_new_events(self) -> tuple[str, ...]:
        """Return the ids of the organizations of which events wait to be looked at."""
        ...

    async def orgs_with_open_streams(self) -> tuple[str, ...]:
        """Return the ids of the organizations of which messages wait to be sent."""
        ...

    async def route(self, org_id: str) -> RoutingResult:
        """Make messages of the oldest waiting events for every endpoint that wants them."""
        ...

    async def forget(self, org_id: str, event_ids: Sequence[str]) -> None:
        """Let events wait no longer: their delivery streams know of them."""
        ...

    async def open_streams(self, org_id: str, endpoint_id: str | None = None) -> tuple[DeliveryStream, ...]:
        """Return the delivery streams on which something waits and nothing forbids to send it."""
        ...

    async def next_message(self, stream: DeliveryStream) -> Message | None:
        """Return the oldest message of a delivery stream; None where there is none, or it must not be sent now."""
        ...

    async def record_attempt(self, stream: DeliveryStream, attempt: Attempt) -> None:
        """Write down what came of sending a message, and when it is tried again."""
        ...

    async def replay(self, org_id: str, endpoint_id: str, ask: ReplayInput, change: ChangeContext) -> int:
        """Make messages of events that happened before, and return how many; raises `NotFound` or `InvalidInput`."""
        ...

    async def deliveries(self, org_id: str, endpoint_id: str, paging: Paging) -> Page[DeliveryRecord]:
        """Return one part of the attempts, the newest first."""
        ...


class WebhookSender(Protocol):
    """Who speaks HTTP to endpoints."""

    async def send(self, message: Message, at: datetime) -> Attempt:
        """Send a message once; whatever goes wrong is in the answer."""
        ...
