"""The audit log: who did what, when, before and after."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from billflow.api.fields import RequestMoment
from billflow.api.principal import AdminHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.api.views import ListResponse
from billflow.models.contracts.audit import AuditFilter, AuditRecord
from billflow.models.contracts.records import Paging

router = APIRouter(prefix="/audit", tags=["audit"], route_class=CheckedRoute)


class AuditQuery(AuditFilter, Paging):
    """Which entries to list, and which part of the list."""

    model_config = ConfigDict(extra="forbid")

    actor: str | None = Field(None, max_length=200, examples=["cli:ada"])
    action: str | None = Field(None, max_length=100, examples=["customer.suspended"])
    subject_type: str | None = Field(None, max_length=100, examples=["customer"])
    subject_id: str | None = Field(None, max_length=100)
    since: RequestMoment | None = Field(None, description="Recorded at this moment or later.")


class AuditEntryResponse(AuditRecord):
    """One change; of `before` and `after` only what differs."""

    audit_id: str = Field(serialization_alias="id")


class AuditEntryList(ListResponse):
    """Changes, the newest first."""

    audit: list[AuditEntryResponse] = Field(validation_alias="rows")


@router.get("")
async def list_audit(
    services: ServicesHere, principal: AdminHere, which: Annotated[AuditQuery, Query()]
) -> AuditEntryList:
    """List changes, the newest first."""
    return AuditEntryList.of(await services.queries.audit.list(principal.org_id, which, which))
