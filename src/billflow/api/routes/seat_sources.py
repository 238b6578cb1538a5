"""Seat sources: where seats come from, and counting there."""

from http import HTTPStatus

from pydantic import ConfigDict, Field

from billflow.api.changes import ChangeHere
from billflow.api.fields import SliceHere
from billflow.api.principal import AdminHere, PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.responses import (
    CreatedSeatSourceResponse,
    SeatPullResponse,
    SeatSourceList,
)
from billflow.models.contracts.seat_sources import NewSeatSource, SeatSourceCreate

router = api_router("seat sources", "/seat-sources")


class SeatPullCreate(RequestModel):
    """Whose seats to count: everyone's where no customer is named."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"customer_id": "6f1c…"}]})

    customer_id: str | None = Field(None, max_length=100)


@router.get("")
async def list_seat_sources(services: ServicesHere, principal: AdminHere, part: SliceHere) -> SeatSourceList:
    """List the sources, that of the organization first."""
    return SeatSourceList.of(part.of(await services.seat_sources.list(principal.org_id), "seat_source_id"))


@router.post("", status_code=HTTPStatus.CREATED)
async def set_seat_source(
    asked: SeatSourceCreate, services: ServicesHere, principal: AdminHere, change: ChangeHere
) -> CreatedSeatSourceResponse:
    """Let seats come from there from now on; the secret that signs our requests is in the answer, this once.

    Queries and files are set at the command line, by who runs the worker.
    """
    new = NewSeatSource.model_validate(asked.model_dump())
    return CreatedSeatSourceResponse.of(await services.seat_sources.set_source(principal.org_id, new, change))


@router.delete("/{seat_source_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_seat_source(
    seat_source_id: str, services: ServicesHere, principal: AdminHere, change: ChangeHere
) -> None:
    """Let seats come by reports alone again."""
    await services.seat_sources.remove(principal.org_id, seat_source_id, change)


@router.post("/pull")
async def pull_seats(asked: SeatPullCreate, services: ServicesHere, principal: PrincipalHere) -> SeatPullResponse:
    """Count now, and write what the source says; a plan that waited for seats goes on."""
    return SeatPullResponse.of(await services.seats.pull(principal.org_id, asked.customer_id))


@router.post("/check")
async def check_seats(asked: SeatPullCreate, services: ServicesHere, principal: PrincipalHere) -> SeatPullResponse:
    """Count now and write nothing: what the source says, beside what was reported."""
    return SeatPullResponse.of(await services.seats.pull(principal.org_id, asked.customer_id, apply=False))
