"""Events: what happened."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from billflow.api.fields import RequestMoment
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.api.webhook_views import EventList
from billflow.models.contracts.endpoints import EventFilter
from billflow.models.contracts.records import Paging

router = APIRouter(prefix="/events", tags=["events"], route_class=CheckedRoute)


class EventQuery(EventFilter, Paging):
    """Which events to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")

    type: str | None = Field(None, max_length=100, examples=["invoice.paid"])
    customer_id: str | None = Field(None, max_length=100)
    plan_id: str | None = Field(None, max_length=100)
    since: RequestMoment | None = Field(None, description="Recorded at this moment or later.")


@router.get("")
async def list_events(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[EventQuery, Query()]
) -> EventList:
    """List events, the newest first."""
    return EventList.of(await services.repositories.outbox.list(principal.org_id, which, which))
