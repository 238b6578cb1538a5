"""What the host product reports of its deployments."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Discriminator, Field, Tag

from billflow.api.caller import CallerHere
from billflow.api.fields import MANY, ONE, AskedMoment
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.api.views import Shown
from billflow.models.contracts.customers import SeatReport

MOST = 10_000

router = APIRouter(prefix="/deployments", tags=["deployments"], route_class=CheckedRoute)


class SeatsAsked(SeatReport):
    """How many people were there at `observed_at`; bots and deactivated users are not counted."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"observed_at": "2026-07-01T00:00:00Z", "members": 41, "guests": 3}]},
    )

    observed_at: AskedMoment


def _how_many(asked: object) -> str:
    return MANY if isinstance(asked, list) else ONE


OneOrMany = Annotated[
    Annotated[SeatsAsked, Tag(ONE)] | Annotated[list[SeatsAsked], Field(min_length=1, max_length=MOST), Tag(MANY)],
    Discriminator(_how_many),
]
"""A report of one moment, or of up to `MOST`."""


class SeatsKept(Shown):
    """How many observations came, and how many of them were of moments not known yet."""

    received: int
    new: int


@router.post("/{deployment_id}/seats", status_code=HTTPStatus.CREATED)
async def report_seats(
    deployment_id: str,
    asked: OneOrMany,
    services: ServicesHere,
    caller: CallerHere,
) -> SeatsKept:
    """Report one observation or up to ten thousand; the first report of a moment counts."""
    reports = asked if isinstance(asked, list) else [asked]
    customer = await services.archive.customer_of(caller.org_id, deployment_id)
    new = await services.registry.report_seats(caller.org_id, customer.customer_id, reports)
    return SeatsKept(received=len(reports), new=new)
