"""Webhook endpoints and attempts to deliver, as the API answers them."""

from typing import Self

from pydantic import Field

from billflow.models.contracts.endpoints import CreatedEndpoint, DeliveryRecord, EndpointRecord
from billflow.models.contracts.responses import ListResponse, ResourceResponse, ResponseModel, left_out, shown_as


class EndpointResponse(ResourceResponse, EndpointRecord):
    """An endpoint; without `event_types` it gets every event."""

    org_id: str = left_out()
    endpoint_id: str = shown_as("id", "endpoint_id")


class CreatedEndpointResponse(EndpointResponse):
    """An endpoint with its new secret, which signs what it gets; this is the only time that the secret is shown."""

    secret: str = Field(examples=["whsec_…"])

    @classmethod
    def of(cls, made: CreatedEndpoint) -> Self:
        """Return an endpoint that was made or has a new secret."""
        return cls(**made.record.model_dump(), secret=made.secret.get_secret_value())


class EndpointList(ListResponse):
    """Endpoints, the newest first."""

    rows: list[EndpointResponse] = shown_as("webhook_endpoints", "rows")


class DeliveryResponse(ResourceResponse, DeliveryRecord):
    """One attempt to deliver an event."""

    delivery_id: str = shown_as("id", "delivery_id")


class DeliveryList(ListResponse):
    """Attempts, the newest first."""

    rows: list[DeliveryResponse] = shown_as("deliveries", "rows")


class ReplayResponse(ResponseModel):
    """How many messages are on their way once more."""

    messages: int
