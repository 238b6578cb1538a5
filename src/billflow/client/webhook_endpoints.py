"""Calls about endpoints of yours, to which events are sent."""

from datetime import datetime

from billflow.client.calls import Call, get, given, write
from billflow.models.contracts.endpoint_responses import (
    CreatedEndpointResponse,
    DeliveryList,
    EndpointList,
    EndpointResponse,
    ReplayResponse,
)
from billflow.models.contracts.endpoints import EndpointCreate, EndpointUpdate

_PATH = "/webhook-endpoints"


def create(endpoint: EndpointCreate, *, key: str | None = None) -> Call[CreatedEndpointResponse]:
    """Make an endpoint; its secret is in the answer and is not shown again."""
    return write("POST", _PATH, CreatedEndpointResponse, endpoint, key)


def search(*, limit: int = 50, after: str | None = None) -> Call[EndpointList]:
    """List endpoints, the newest first."""
    return get(_PATH, EndpointList, limit=limit, after=after)


def show(endpoint_id: str) -> Call[EndpointResponse]:
    """Show an endpoint."""
    return get(f"{_PATH}/{endpoint_id}", EndpointResponse)


def update(endpoint_id: str, changes: EndpointUpdate, *, key: str | None = None) -> Call[EndpointResponse]:
    """Change an endpoint; one that is enabled again gets what waited for it."""
    return write("PATCH", f"{_PATH}/{endpoint_id}", EndpointResponse, changes, key)


def delete(endpoint_id: str, *, key: str | None = None) -> Call[None]:
    """Send nothing there any more."""
    return write("DELETE", f"{_PATH}/{endpoint_id}", type(None), None, key)


def rotate_secret(
    endpoint_id: str, overlap_hours: int = 24, *, key: str | None = None
) -> Call[CreatedEndpointResponse]:
    """Give an endpoint a new secret, shown this once; both sign until the overlap is over."""
    path = f"{_PATH}/{endpoint_id}/rotate-secret"
    return write("POST", path, CreatedEndpointResponse, {"overlap_hours": overlap_hours}, key)


def replay(
    endpoint_id: str, *, event_id: str | None = None, since: datetime | None = None, key: str | None = None
) -> Call[ReplayResponse]:
    """Send one event once more, or all that were recorded from *since* on."""
    return write("POST", f"{_PATH}/{endpoint_id}/replay", ReplayResponse, given(event_id=event_id, since=since), key)


def deliveries(endpoint_id: str, *, limit: int = 50, after: str | None = None) -> Call[DeliveryList]:
    """List the attempts to deliver, the newest first."""
    return get(f"{_PATH}/{endpoint_id}/deliveries", DeliveryList, limit=limit, after=after)
