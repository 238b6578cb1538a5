"""Reconciliation: whether the billing database, Stripe and the workflows agree, and the repair of what doesn't."""

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import Query
from pydantic import ConfigDict

from billflow.api.changes import ChangeHere, change_by
from billflow.api.fields import KeyHere, PagingHere, Slice
from billflow.api.principal import PrincipalHere, SupportHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.reconciliation import (
    FindingFilter,
    FindingList,
    FindingRecord,
    FindingRepair,
    FindingResponse,
    ReconciliationCreate,
    ReconciliationRunList,
    ReconciliationRunRecord,
    ReconciliationRunResponse,
    RepairInput,
)

PATIENCE = 75.0
"""Seconds that a worker and Stripe have to repair a finding."""

router = api_router("reconciliation", "/reconciliation-runs")


class FindingQuery(FindingFilter, Slice):
    """Which findings to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")


@router.post("", status_code=HTTPStatus.ACCEPTED, response_model=ReconciliationRunResponse)
async def start_run(
    asked: ReconciliationCreate, services: ServicesHere, principal: SupportHere, key: KeyHere, change: ChangeHere
) -> ReconciliationRunRecord:
    """Begin a run, which goes on in the background; without `repair` it changes nothing."""
    return await services.reconciliation.start(principal.org_id, asked, key, change)


@router.get("")
async def list_runs(services: ServicesHere, principal: PrincipalHere, paging: PagingHere) -> ReconciliationRunList:
    """List runs, the newest first, which each night begins another of."""
    found = await services.repositories.reconciliation_runs.search(principal.org_id, paging)
    return ReconciliationRunList.of(found)


@router.get("/{reconciliation_run_id}", response_model=ReconciliationRunResponse)
async def show_run(
    reconciliation_run_id: str, services: ServicesHere, principal: PrincipalHere
) -> ReconciliationRunRecord:
    """Show how far a run is, and how much it has found."""
    return await services.repositories.reconciliation_runs.get(principal.org_id, reconciliation_run_id)


@router.get("/{reconciliation_run_id}/findings")
async def list_findings(
    reconciliation_run_id: str,
    services: ServicesHere,
    principal: PrincipalHere,
    which: Annotated[FindingQuery, Query()],
) -> FindingList:
    """List what a run has found, the worst first."""
    runs = services.repositories.reconciliation_runs
    found = await runs.findings(principal.org_id, reconciliation_run_id, which)
    return FindingList.of(which.of(found, "finding_id"))


@router.post("/{reconciliation_run_id}/findings/{finding_id}/repair", response_model=FindingResponse)
async def repair_finding(
    reconciliation_run_id: str, finding_id: str, asked: FindingRepair, services: ServicesHere, principal: SupportHere
) -> FindingRecord:
    """Repair a finding of the newest run, and wait for it; `problem` says why it could not be."""
    wanted = RepairInput(org_id=principal.org_id, reconciliation_run_id=reconciliation_run_id, finding_id=finding_id)
    async with asyncio.timeout(PATIENCE):
        return await services.reconciliation.repair(wanted, change_by(principal, asked.reason))
