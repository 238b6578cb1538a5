"""Who changes which customer, plan or project: from a request to what the records write down."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Body, Depends, Request
from pydantic import ConfigDict, Field

from billflow.api.principal import Principal
from billflow.domain.scopes import Scope
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customer_resources import ProjectRef
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.steps import PlanRef


class StatusChangeCreate(RequestModel):
    """Why it is done, for the audit log."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "invoice 2026-114 unpaid"}]})

    reason: str | None = Field(None, max_length=2000)


def change_by(principal: Principal, reason: str | None = None) -> ChangeContext:
    """Return a change that the caller makes now."""
    return ChangeContext(actor=principal.actor, at=datetime.now(UTC), request_id=principal.request_id, reason=reason)


async def _change(request: Request) -> ChangeContext:
    return change_by(request.state.principal)


async def _explained(request: Request, why: Annotated[StatusChangeCreate | None, Body()] = None) -> ChangeContext:
    return change_by(request.state.principal, why.reason if why else None)


# What depends on another dependency is solved with it each time, so these read the caller themselves.
async def _customer(customer_id: str, request: Request) -> CustomerRef:
    return CustomerRef(org_id=request.state.principal.org_id, customer_id=customer_id)


async def _project(project_id: str, request: Request) -> ProjectRef:
    return ProjectRef(org_id=request.state.principal.org_id, project_id=project_id)


async def _plan(plan_id: str, request: Request) -> PlanRef:
    return PlanRef(org_id=request.state.principal.org_id, plan_id=plan_id)


CustomerHere = Annotated[CustomerRef, Depends(_customer)]
"""The customer of the caller's organization that the path names."""

ProjectHere = Annotated[ProjectRef, Depends(_project)]
PlanHere = Annotated[PlanRef, Depends(_plan)]

ChangeHere = Annotated[ChangeContext, Depends(_change)]
"""A change that the caller makes now."""

SupportChange = Annotated[ChangeContext, Depends(_change), Scope.SUPPORT]
"""The same by someone of support; see `SupportHere`."""

AdminChange = Annotated[ChangeContext, Depends(_change), Scope.ADMIN]
"""The same by an administrator; see `AdminHere`."""

ExplainedChange = Annotated[ChangeContext, Depends(_explained)]
"""A change with the reason in the body, for the audit log."""

ExplainedSupportChange = Annotated[ChangeContext, Depends(_explained), Scope.SUPPORT]
