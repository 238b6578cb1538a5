"""The audit log: who did what, when, before and after."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict

from billflow.api.principal import AdminHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.audit import AuditEntryList, AuditFilter
from billflow.models.contracts.records import Paging

router = APIRouter(prefix="/audit", tags=["audit"], route_class=CheckedRoute)


class AuditQuery(AuditFilter, Paging):
    """Which entries to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")


@router.get("")
async def list_audit(
    services: ServicesHere, principal: AdminHere, which: Annotated[AuditQuery, Query()]
) -> AuditEntryList:
    """List changes, the newest first."""
    return AuditEntryList.of(await services.queries.audit.list(principal.org_id, which, which))
