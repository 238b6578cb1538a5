"""The figures of the whole business, and the lists behind those that no other list is of."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query

from billflow.api.as_of import PastMoment, PastSlice
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import RequestMoment
from billflow.models.contracts.business import BusinessReport, MovementList, RenewalList

router = api_router("business", "/business")


class MovementQuery(PastSlice):
    """Which movements to list: of a span, in one currency where that is named."""

    since: RequestMoment
    until: RequestMoment
    currency: str | None = None


@router.get("")
async def show_business(services: ServicesHere, principal: PrincipalHere, as_of: PastMoment = None) -> BusinessReport:
    """Show the figures of the whole business: what recurs, came in, is owed, renews and waits; amounts by currency.

    With `as_of` there are no findings, endpoints and queues: what waited then is not kept.
    """
    if as_of:
        return await services.queries.as_of(as_of).business.report(principal.org_id, as_of)
    return await services.business.report(principal.org_id, datetime.now(UTC))


@router.get("/renewals")
async def list_renewals(
    services: ServicesHere, principal: PrincipalHere, part: Annotated[PastSlice, Query()]
) -> RenewalList:
    """List the plans whose next cycle begins within 30 days, with what it costs, the next one first."""
    queries = services.queries.as_of(part.as_of)
    found = await queries.business.renewals(principal.org_id, part.as_of or datetime.now(UTC))
    return RenewalList.of(part.of(found, "plan_id"))


@router.get("/movements")
async def list_movements(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[MovementQuery, Query()]
) -> MovementList:
    """List the customers of whom what is billed to recur changed between two moments, the largest change first."""
    queries = services.queries.as_of(which.as_of)
    found = await queries.business.movements(principal.org_id, which.since, which.until, which.currency)
    return MovementList.of(which.of(found))
