"""Events, endpoints and attempts as the API shows them."""

from pydantic import Field

from billflow.api.views import ListResponse, ResponseModel
from billflow.models.contracts.endpoints import DeliveryRecord, EndpointRecord, EventRecord


class EventResponse(EventRecord):
    """Something that happened; `sequence` counts all events of the server, with gaps."""

    org_id: str = Field(exclude=True)
    event_id: str = Field(serialization_alias="id")


class EventList(ListResponse):
    """Events, the newest first."""

    events: list[EventResponse] = Field(validation_alias="rows")


class EndpointResponse(EndpointRecord):
    """An endpoint; without `event_types` it gets every event."""

    org_id: str = Field(exclude=True)
    endpoint_id: str = Field(serialization_alias="id")


class CreatedEndpointResponse(EndpointResponse):
    """An endpoint with its new secret, which signs what it gets; this is the only time that the secret is shown."""

    secret: str = Field(examples=["whsec_…"])


class EndpointList(ListResponse):
    """Endpoints, the newest first."""

    webhook_endpoints: list[EndpointResponse] = Field(validation_alias="rows")


class DeliveryResponse(DeliveryRecord):
    """One attempt to deliver an event."""

    delivery_id: str = Field(serialization_alias="id")


class DeliveryList(ListResponse):
    """Attempts, the newest first."""

    deliveries: list[DeliveryResponse] = Field(validation_alias="rows")


class ReplayResponse(ResponseModel):
    """How many messages are on their way once more."""

    messages: int
