"""Seats: what the host product reports of a customer, by the customer's id or by its deployment's."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query
from pydantic import Discriminator, Field, Tag

from billflow.api.as_of import PastMoment
from billflow.api.changes import CustomerHere
from billflow.api.fields import MANY, ONE, Slice, SliceHere
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import RequestModel, RequestMoment
from billflow.models.contracts.customers import Count, CustomerRef, SeatGateRecord, SeatReportCreate
from billflow.models.contracts.responses import SeatList, SeatMemberList, SeatReportResponse

MOST = 10_000

router = api_router("seats")

OF_CUSTOMER, OF_DEPLOYMENT = "/customers/{customer_id}/seats", "/deployments/{deployment_id}/seats"

OneOrMany = Annotated[
    Annotated[SeatReportCreate, Tag(ONE)]
    | Annotated[list[SeatReportCreate], Field(min_length=1, max_length=MOST), Tag(MANY)],
    Discriminator(lambda asked: MANY if isinstance(asked, list) else ONE),
]
"""A report of one moment, or of up to `MOST`."""


class SeatsQuery(Slice):
    """Which observations to list, in `[since, until)`, which part of the list, and as of when."""

    since: RequestMoment | None = None
    until: RequestMoment | None = None
    as_of: PastMoment = None


class SeatCheckCreate(RequestModel):
    """How many people are about to join, or to become members."""

    members: Count = 1
    guests: Count = 0


SeatsHere = Annotated[SeatsQuery, Query()]
CheckHere = Annotated[SeatCheckCreate, Query()]


async def _of_deployment(deployment_id: str, services: ServicesHere, principal: PrincipalHere) -> CustomerRef:
    return (await services.queries.customers.of_deployment(principal.org_id, deployment_id)).ref


async def _known(customer: CustomerHere, services: ServicesHere) -> CustomerRef:
    return (await services.queries.customers.get(customer.org_id, customer.customer_id)).ref


DeploymentHere = Annotated[CustomerRef, Depends(_of_deployment)]
"""The customer of the deployment that the path names."""

KnownHere = Annotated[CustomerRef, Depends(_known)]
"""The customer that the path names, which is there."""


@router.post(OF_CUSTOMER, status_code=HTTPStatus.CREATED)
async def report_seats_of_customer(
    customer: CustomerHere, asked: OneOrMany, services: ServicesHere
) -> SeatReportResponse:
    """Report one observation or up to ten thousand, of now where it names no moment; the first of a moment counts.

    A plan that waited for seats goes on.
    """
    reports = asked if isinstance(asked, list) else [asked]
    new = await services.seats.report(customer.org_id, customer.customer_id, reports)
    return SeatReportResponse(received=len(reports), new=new)


@router.post(OF_DEPLOYMENT, status_code=HTTPStatus.CREATED)
async def report_seats(
    deployment_id: str, asked: OneOrMany, services: ServicesHere, principal: PrincipalHere
) -> SeatReportResponse:
    """Report the same of a deployment."""
    reports = asked if isinstance(asked, list) else [asked]
    new = await services.seats.report_of_deployment(principal.org_id, deployment_id, reports)
    return SeatReportResponse(received=len(reports), new=new)


@router.get(OF_CUSTOMER)
async def list_seats_of_customer(customer: KnownHere, services: ServicesHere, which: SeatsHere) -> SeatList:
    """List what was reported of a customer, in time order."""
    seats = services.queries.as_of(which.as_of).customers.seats
    rows = await seats(customer.org_id, customer.customer_id, since=which.since, until=which.until)
    return SeatList.of(which.of(rows, "observed_at"))


@router.get(OF_DEPLOYMENT)
async def list_seats(customer: DeploymentHere, services: ServicesHere, which: SeatsHere) -> SeatList:
    """List what was reported of a deployment, in time order."""
    return await list_seats_of_customer(customer, services, which)


@router.get(f"{OF_CUSTOMER}/members")
async def list_seat_members_of_customer(customer: KnownHere, services: ServicesHere, part: SliceHere) -> SeatMemberList:
    """List who came and who went, by hashes of the product's own ids; of sources that name people."""
    return SeatMemberList.of(part.of(await services.seat_sources.members(customer.org_id, customer.customer_id)))


@router.get(f"{OF_DEPLOYMENT}/members")
async def list_seat_members(customer: DeploymentHere, services: ServicesHere, part: SliceHere) -> SeatMemberList:
    """List the same of a deployment."""
    return await list_seat_members_of_customer(customer, services, part)


@router.get(f"{OF_CUSTOMER}/can-add")
async def check_seats_of_customer(customer: KnownHere, services: ServicesHere, joining: CheckHere) -> SeatGateRecord:
    """Tell whether people may join: `spare` licenses are left before they do, None where nothing limits them."""
    gate = services.queries.plans.seat_gate
    return await gate(customer.org_id, customer.customer_id, members=joining.members, guests=joining.guests)


@router.get(f"{OF_DEPLOYMENT}/can-add")
async def check_seat_availability(
    customer: DeploymentHere, services: ServicesHere, joining: CheckHere
) -> SeatGateRecord:
    """Tell the same of a deployment."""
    return await check_seats_of_customer(customer, services, joining)
