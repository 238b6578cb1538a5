"""Dry runs: what every plan would be billed by changed rules, and what would become of debts; no plan is touched."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.responses import StreamingResponse

from billflow.api.changes import ChangeHere, ExplainedSupportChange
from billflow.api.fields import KeyHere, PagingHere
from billflow.api.principal import PrincipalHere, SupportHere
from billflow.api.routers import api_router
from billflow.api.routes.journal import CsvResponse
from billflow.api.services import ServicesHere
from billflow.models.contracts.dry_run import DryRunCreate, DryRunList, DryRunRecord, DryRunRef, DryRunResponse
from billflow.models.contracts.dry_run_results import DryRunDebtList, DryRunPlanList

REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""What a report may do where a browser opens it: nothing but be looked at."""

router = api_router("dry runs", "/dry-runs")


class ReportResponse(StreamingResponse):
    """A page of HTML that needs nothing else, sent as it is written."""

    media_type = "text/html"


async def _dry_run(dry_run_id: str, principal: PrincipalHere) -> DryRunRef:
    return DryRunRef(org_id=principal.org_id, dry_run_id=dry_run_id)


DryRunHere = Annotated[DryRunRef, Depends(_dry_run)]
"""The dry run of the caller's organization that the path names."""


@router.post("", status_code=HTTPStatus.ACCEPTED, response_model=DryRunResponse)
async def start_dry_run(
    asked: DryRunCreate, services: ServicesHere, principal: SupportHere, key: KeyHere, change: ChangeHere
) -> DryRunRecord:
    """Begin to bill every plan ahead by the rules of today and by changed ones; no plan is touched.

    It goes on in the background: look at it until it is `finished`. Two may go on at once.
    """
    return await services.dry_runs.create(principal.org_id, asked, key, change)


@router.get("")
async def list_dry_runs(services: ServicesHere, principal: PrincipalHere, paging: PagingHere) -> DryRunList:
    """List dry runs, the newest first, as long as they are kept."""
    return DryRunList.of(await services.repositories.dry_runs.search(principal.org_id, paging))


@router.get("/{dry_run_id}", response_model=DryRunResponse)
async def show_dry_run(dry_run: DryRunHere, services: ServicesHere) -> DryRunRecord:
    """Show how far a dry run is, and what it found in all."""
    return await services.repositories.dry_runs.get(dry_run)


@router.post("/{dry_run_id}/cancel", response_model=DryRunResponse)
async def cancel_dry_run(dry_run: DryRunHere, services: ServicesHere, change: ExplainedSupportChange) -> DryRunRecord:
    """Go no further with a dry run; one that is over stays as it is."""
    return await services.repositories.dry_runs.cancel(dry_run, change)


@router.get("/{dry_run_id}/plans")
async def list_dry_run_plans(dry_run: DryRunHere, services: ServicesHere, paging: PagingHere) -> DryRunPlanList:
    """List the plans of which another amount is billed, line by line."""
    return DryRunPlanList.of(await services.dry_run_results.plans(dry_run, paging))


@router.get("/{dry_run_id}/debts")
async def list_dry_run_debts(dry_run: DryRunHere, services: ServicesHere, paging: PagingHere) -> DryRunDebtList:
    """List the unpaid invoices of which something else becomes, by either policy."""
    return DryRunDebtList.of(await services.dry_run_results.debts(dry_run, paging))


@router.get("/{dry_run_id}/lines.csv", response_class=CsvResponse)
async def export_dry_run_lines(dry_run: DryRunHere, services: ServicesHere) -> CsvResponse:
    """Export every line that differs, with both amounts and how they came about."""
    return CsvResponse(await services.dry_run_results.lines_csv(dry_run))


@router.get("/{dry_run_id}/debts.csv", response_class=CsvResponse)
async def export_dry_run_debts(dry_run: DryRunHere, services: ServicesHere) -> CsvResponse:
    """Export every unpaid invoice of which something else becomes, with what happens to it and when."""
    return CsvResponse(await services.dry_run_results.debts_csv(dry_run))


@router.get("/{dry_run_id}/report.html", response_class=ReportResponse)
async def show_dry_run_report(dry_run: DryRunHere, services: ServicesHere) -> ReportResponse:
    """Show the report as one page that needs nothing else, with the first thousand plans line by line."""
    headers = {"Content-Security-Policy": REPORT_POLICY}
    return ReportResponse(await services.dry_run_results.report(dry_run), headers=headers)
