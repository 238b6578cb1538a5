"""What the host product reports of its deployments."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Discriminator, Field, Tag

from billflow.api.fields import MANY, ONE, Slice, SliceHere
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import RequestModel, RequestMoment
from billflow.models.contracts.customers import Count, SeatGateRecord, SeatReport
from billflow.models.contracts.responses import ListResponse, SeatReportResponse, shown_as
from billflow.models.contracts.seat_sources import SeatMemberRecord

MOST = 10_000

router = APIRouter(prefix="/deployments", tags=["deployments"], route_class=CheckedRoute)


class SeatReportCreate(SeatReport):
    """How many people were there at `observed_at`; bots and deactivated users are not counted."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"observed_at": "2026-07-01T00:00:00Z", "members": 41, "guests": 3}]},
    )

    observed_at: RequestMoment


OneOrMany = Annotated[
    Annotated[SeatReportCreate, Tag(ONE)]
    | Annotated[list[SeatReportCreate], Field(min_length=1, max_length=MOST), Tag(MANY)],
    Discriminator(lambda asked: MANY if isinstance(asked, list) else ONE),
]
"""A report of one moment, or of up to `MOST`."""


class SeatsQuery(Slice):
    """Which observations to list, in `[since, until)`, and which part of the list."""

    since: RequestMoment | None = None
    until: RequestMoment | None = None


class SeatList(ListResponse):
    """What a deployment reported, in time order."""

    rows: list[SeatReport] = shown_as("seats", "rows")


class SeatMemberList(ListResponse):
    """Who takes or took a seat, the newest first."""

    rows: list[SeatMemberRecord] = shown_as("members", "rows")


class SeatCheckCreate(RequestModel):
    """How many people are about to join, or to become members."""

    members: Count = 1
    guests: Count = 0


@router.post("/{deployment_id}/seats", status_code=HTTPStatus.CREATED)
async def report_seats(
    deployment_id: str, asked: OneOrMany, services: ServicesHere, principal: PrincipalHere
) -> SeatReportResponse:
    """Report one observation or up to ten thousand; the first report of a moment counts.

    A plan that waited for seats goes on.
    """
    reports = asked if isinstance(asked, list) else [asked]
    customer = await services.queries.customers.of_deployment(principal.org_id, deployment_id)
    new = await services.seats.report(principal.org_id, customer.customer_id, reports)
    return SeatReportResponse(received=len(reports), new=new)


@router.get("/{deployment_id}/seats")
async def list_seats(
    deployment_id: str, services: ServicesHere, principal: PrincipalHere, which: Annotated[SeatsQuery, Query()]
) -> SeatList:
    """List what a deployment reported, in time order."""
    customer = await services.queries.customers.of_deployment(principal.org_id, deployment_id)
    seats = services.queries.customers.seats
    rows = await seats(principal.org_id, customer.customer_id, since=which.since, until=which.until)
    return SeatList.of(which.of(rows, "observed_at"))


@router.get("/{deployment_id}/seats/members")
async def list_seat_members(
    deployment_id: str, services: ServicesHere, principal: PrincipalHere, part: SliceHere
) -> SeatMemberList:
    """List who came and who went, by hashes of the product's own ids; of sources that name people."""
    customer = await services.queries.customers.of_deployment(principal.org_id, deployment_id)
    members = await services.seat_sources.members(principal.org_id, customer.customer_id)
    return SeatMemberList.of(part.of(members))


@router.get("/{deployment_id}/seats/can-add")
async def check_seat_availability(
    deployment_id: str, services: ServicesHere, principal: PrincipalHere, joining: Annotated[SeatCheckCreate, Query()]
) -> SeatGateRecord:
    """Tell whether people may join: `spare` licenses are left before they do, None where nothing limits them."""
    customer = await services.queries.customers.of_deployment(principal.org_id, deployment_id)
    gate = services.queries.plans.seat_gate
    return await gate(principal.org_id, customer.customer_id, members=joining.members, guests=joining.guests)
