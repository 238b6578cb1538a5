"""Webhook endpoints: where events are sent, signed as Standard Webhooks describes."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from billflow.api.changes import ChangeHere
from billflow.api.fields import PagingHere
from billflow.api.principal import AdminHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.endpoints import (
    CreatedEndpoint,
    DeliveryRecord,
    EndpointCreate,
    EndpointRecord,
    EndpointUpdate,
    ReplayCreate,
)
from billflow.models.contracts.responses import ListResponse, ResponseModel, left_out, shown_as

router = APIRouter(prefix="/webhook-endpoints", tags=["webhook endpoints"], route_class=CheckedRoute)


class EndpointResponse(EndpointRecord):
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


class DeliveryResponse(DeliveryRecord):
    """One attempt to deliver an event."""

    delivery_id: str = shown_as("id", "delivery_id")


class DeliveryList(ListResponse):
    """Attempts, the newest first."""

    rows: list[DeliveryResponse] = shown_as("deliveries", "rows")


class ReplayResponse(ResponseModel):
    """How many messages are on their way once more."""

    messages: int


class SecretRotation(RequestModel):
    """For how many hours the old secret signs beside the new one; 0 where it got into wrong hands."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"overlap_hours": 24}]})

    overlap_hours: Annotated[int, Field(ge=0, le=24 * 90)] = 24


@router.post("", status_code=HTTPStatus.CREATED)
async def create_endpoint(
    asked: EndpointCreate, services: ServicesHere, principal: AdminHere, change: ChangeHere
) -> CreatedEndpointResponse:
    """Make an endpoint; its secret is in the answer and is not shown again."""
    return CreatedEndpointResponse.of(await services.webhooks.endpoints.create(principal.org_id, asked, change))


@router.get("")
async def list_endpoints(services: ServicesHere, principal: AdminHere, paging: PagingHere) -> EndpointList:
    """List endpoints, the newest first."""
    return EndpointList.of(await services.webhooks.endpoints.list(principal.org_id, paging))


@router.get("/{endpoint_id}", response_model=EndpointResponse)
async def show_endpoint(endpoint_id: str, services: ServicesHere, principal: AdminHere) -> EndpointRecord:
    """Show an endpoint."""
    return await services.webhooks.endpoints.get(principal.org_id, endpoint_id)


@router.patch("/{endpoint_id}", response_model=EndpointResponse)
async def update_endpoint(
    endpoint_id: str, asked: EndpointUpdate, services: ServicesHere, principal: AdminHere, change: ChangeHere
) -> EndpointRecord:
    """Change an endpoint; one that is enabled again gets what waited for it."""
    return await services.webhooks.update_endpoint(principal.org_id, endpoint_id, asked, change)


@router.post("/{endpoint_id}/rotate-secret")
async def rotate_secret(
    endpoint_id: str, asked: SecretRotation, services: ServicesHere, principal: AdminHere, change: ChangeHere
) -> CreatedEndpointResponse:
    """Give an endpoint a new secret, shown in the answer this once; both sign until the overlap is over."""
    overlap, endpoints = timedelta(hours=asked.overlap_hours), services.webhooks.endpoints
    made = await endpoints.rotate_secret(principal.org_id, endpoint_id, overlap, change)
    return CreatedEndpointResponse.of(made)


@router.delete("/{endpoint_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_endpoint(endpoint_id: str, services: ServicesHere, principal: AdminHere, change: ChangeHere) -> None:
    """Send nothing there any more."""
    await services.webhooks.endpoints.delete(principal.org_id, endpoint_id, change)


@router.post("/{endpoint_id}/replay", status_code=HTTPStatus.ACCEPTED)
async def replay(
    endpoint_id: str, asked: ReplayCreate, services: ServicesHere, principal: AdminHere, change: ChangeHere
) -> ReplayResponse:
    """Send events once more, under the ids that they had."""
    return ReplayResponse(messages=await services.webhooks.replay(principal.org_id, endpoint_id, asked, change))


@router.get("/{endpoint_id}/deliveries")
async def list_deliveries(
    endpoint_id: str, services: ServicesHere, principal: AdminHere, paging: PagingHere
) -> DeliveryList:
    """List the attempts to deliver, the newest first."""
    return DeliveryList.of(await services.repositories.deliveries.list(principal.org_id, endpoint_id, paging))
