"""The audit log: who did what, when, before and after."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict

from billflow.api.principal import AdminHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.audit import AuditFilter, AuditRecord
from billflow.models.contracts.records import Paging
from billflow.models.contracts.responses import ListResponse, shown_as

router = APIRouter(prefix="/audit", tags=["audit"], route_class=CheckedRoute)


class AuditQuery(AuditFilter, Paging):
    """Which entries to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")


class AuditEntryResponse(AuditRecord):
    """One change; of `before` and `after` only what differs."""

    audit_id: str = shown_as("id", "audit_id")


class AuditEntryList(ListResponse):
    """Changes, the newest first."""

    rows: list[AuditEntryResponse] = shown_as("audit", "rows")


@router.get("")
async def list_audit(
    services: ServicesHere, principal: AdminHere, which: Annotated[AuditQuery, Query()]
) -> AuditEntryList:
    """List changes, the newest first."""
    return AuditEntryList.of(await services.queries.audit.list(principal.org_id, which, which))
