"""Events, endpoints and attempts as the API shows them."""

from pydantic import Field

from billflow.api.views import Listed, Shown
from billflow.models.contracts.delivery import DeliveryRecord, EndpointRecord, EventRecord


class EventShown(EventRecord):
    """Something that happened; `sequence` counts all events of the server, with gaps."""

    org_id: str = Field(exclude=True)
    event_id: str = Field(serialization_alias="id")


class Events(Listed):
    """Events, the newest first."""

    events: list[EventShown] = Field(validation_alias="rows")


class EndpointShown(EndpointRecord):
    """An endpoint; without `event_types` it gets every event."""

    org_id: str = Field(exclude=True)
    endpoint_id: str = Field(serialization_alias="id")


class EndpointMade(EndpointShown):
    """An endpoint with its new secret, which signs what it gets; this is the only time that the secret is shown."""

    secret: str = Field(examples=["whsec_…"])


class Endpoints(Listed):
    """Endpoints, the newest first."""

    webhook_endpoints: list[EndpointShown] = Field(validation_alias="rows")


class DeliveryShown(DeliveryRecord):
    """One attempt to deliver an event."""

    delivery_id: str = Field(serialization_alias="id")


class Deliveries(Listed):
    """Attempts, the newest first."""

    deliveries: list[DeliveryShown] = Field(validation_alias="rows")


class Replayed(Shown):
    """How many messages are on their way once more."""

    messages: int
