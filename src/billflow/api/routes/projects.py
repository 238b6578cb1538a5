"""A customer's projects: departments, brands or regions that bill to one of its accounts."""

from http import HTTPStatus
from operator import attrgetter

from fastapi import APIRouter
from pydantic import ConfigDict
from pydantic.config import JsonDict

from billflow.api.changes import change_by, ref_of
from billflow.api.customer_views import AnySettingsResponse, OwnSettingsResponse, ProjectList, ProjectResponse
from billflow.api.fields import SliceHere
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.routes.customer_settings import ResolvedHere
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_resources import NewProject, ProjectChange, ProjectRecord

router = APIRouter(prefix="/customers/{customer_id}/projects", tags=["customers"], route_class=CheckedRoute)

_EXAMPLE: JsonDict = {"name": "Acme - Sales Department", "slug": "acme-sales", "settings": {"session_timeout": 60}}


class ProjectCreate(NewProject):
    """A project; it bills to the default account unless another is named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [_EXAMPLE]},
    )


class ProjectUpdate(ProjectChange):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"settings": {"session_timeout": 60}}]})


@router.get("")
async def list_projects(
    customer_id: str, services: ServicesHere, principal: PrincipalHere, part: SliceHere
) -> ProjectList:
    """List a customer's projects, the oldest first."""
    rows = await services.repositories.projects.list(ref_of(principal, customer_id))
    return ProjectList.of(part.of(rows, attrgetter("project_id")))


@router.post("", status_code=HTTPStatus.CREATED, response_model=ProjectResponse)
async def add_project(
    customer_id: str, asked: ProjectCreate, services: ServicesHere, principal: PrincipalHere
) -> ProjectRecord:
    """Add a project, where `features.max_projects` of the settings allows one more."""
    return await services.repositories.projects.create(ref_of(principal, customer_id), asked, change_by(principal))


@router.get("/{project_id}", response_model=ProjectResponse)
async def show_project(
    customer_id: str, project_id: str, services: ServicesHere, principal: PrincipalHere
) -> ProjectRecord:
    """Show a project."""
    return await services.repositories.projects.get(ref_of(principal, customer_id), project_id)


@router.patch("/{project_id}", response_model=ProjectResponse)
async def change_project(
    customer_id: str, project_id: str, asked: ProjectUpdate, services: ServicesHere, principal: PrincipalHere
) -> ProjectRecord:
    """Change a project; its settings are merged."""
    ref = ref_of(principal, customer_id)
    return await services.repositories.projects.update(ref, project_id, asked, change_by(principal))


@router.delete("/{project_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_project(customer_id: str, project_id: str, services: ServicesHere, principal: PrincipalHere) -> None:
    """Remove a project with its channels."""
    await services.repositories.projects.delete(ref_of(principal, customer_id), project_id, change_by(principal))


@router.get("/{project_id}/settings")
async def show_project_settings(
    customer_id: str,
    project_id: str,
    services: ServicesHere,
    principal: PrincipalHere,
    *,
    resolved: ResolvedHere = False,
) -> AnySettingsResponse:
    """Show a project's own settings, or with `resolved=true` those that hold there and where each comes from."""
    ref = ref_of(principal, customer_id)
    if resolved:
        return await services.repositories.projects.resolved_settings(ref, project_id)
    return OwnSettingsResponse(settings=(await services.repositories.projects.get(ref, project_id)).settings)
