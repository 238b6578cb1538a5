"""The parallel run: what billflow computes beside what another system issues."""

from typing import Annotated

from fastapi import Query

from billflow.api.changes import AdminChange
from billflow.api.fields import Slice
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.imports import ImportResponse
from billflow.models.contracts.parallel_runs import (
    DifferenceList,
    IssuedInvoices,
    ParallelPlanList,
    ParallelRunFilter,
    ParallelRunReport,
)

router = api_router("parallel run", "/parallel-run")


class ParallelRunSlice(ParallelRunFilter, Slice):
    """Which billing dates to compare, and which part of the list to answer."""


@router.get("")
async def show_parallel_run(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[ParallelRunFilter, Query()]
) -> ParallelRunReport:
    """Show how the parallel run goes: a score for each day, and why amounts differ."""
    return await services.parallel_runs.report(principal.org_id, which)


@router.get("/plans")
async def list_parallel_plans(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[ParallelRunSlice, Query()]
) -> ParallelPlanList:
    """List the plans in a parallel run with their scores, those that don't match and differ most first."""
    found = await services.parallel_runs.plans(principal.org_id, which)
    return ParallelPlanList.of(which.of(found, "plan_id"))


@router.get("/differences")
async def list_differences(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[ParallelRunSlice, Query()]
) -> DifferenceList:
    """List the billing dates that differ, line by line with the causes, the newest first."""
    return DifferenceList.of(which.of(await services.parallel_runs.differences(principal.org_id, which)))


@router.post("/invoices")
async def take_issued_invoices(
    asked: IssuedInvoices, services: ServicesHere, principal: PrincipalHere, change: AdminChange
) -> ImportResponse:
    """Take in up to a hundred invoices that the other system issued for plans in a parallel run.

    One that is known, by its external id, is brought up to date.
    """
    return ImportResponse(records=await services.parallel_runs.take(principal.org_id, asked, change))
