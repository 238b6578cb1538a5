"""Events: what happened."""

from typing import Annotated

from fastapi import Query
from pydantic import ConfigDict

from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.endpoints import EventFilter
from billflow.models.contracts.records import Paging
from billflow.models.contracts.responses import EventList

router = api_router("events", "/events")


class EventQuery(EventFilter, Paging):
    """Which events to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")


@router.get("")
async def list_events(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[EventQuery, Query()]
) -> EventList:
    """List events, the newest first."""
    return EventList.of(await services.repositories.outbox.list(principal.org_id, which, which))
