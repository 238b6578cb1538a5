"""Webhook endpoints: where events are sent, signed as Standard Webhooks describes."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from pydantic import ConfigDict, Field

from billflow.api.changes import ChangeHere
from billflow.api.fields import PagingHere
from billflow.api.principal import AdminHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.endpoint_responses import (
    CreatedEndpointResponse,
    DeliveryList,
    EndpointList,
    EndpointResponse,
    ReplayResponse,
)
from billflow.models.contracts.endpoints import EndpointCreate, EndpointRecord, EndpointUpdate, ReplayCreate

router = api_router("webhook endpoints", "/webhook-endpoints")


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
