"""A customer's projects: departments, brands or regions that bill to one of its accounts."""

from http import HTTPStatus

from billflow.api.changes import ChangeHere, CustomerHere
from billflow.api.fields import SliceHere
from billflow.api.routers import api_router
from billflow.api.routes.customer_settings import ResolvedHere
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_resources import ProjectCreate, ProjectRecord, ProjectUpdate
from billflow.models.contracts.customer_responses import (
    AnySettingsResponse,
    OwnSettingsResponse,
    ProjectList,
    ProjectResponse,
)

router = api_router("customers", "/customers/{customer_id}/projects")


@router.get("")
async def list_projects(customer: CustomerHere, services: ServicesHere, part: SliceHere) -> ProjectList:
    """List a customer's projects, the oldest first."""
    return ProjectList.of(part.of(await services.repositories.projects.list(customer), "project_id"))


@router.post("", status_code=HTTPStatus.CREATED, response_model=ProjectResponse)
async def add_project(
    customer: CustomerHere, asked: ProjectCreate, services: ServicesHere, change: ChangeHere
) -> ProjectRecord:
    """Add a project, where `features.max_projects` of the settings allows one more."""
    return await services.repositories.projects.create(customer, asked, change)


@router.get("/{project_id}", response_model=ProjectResponse)
async def show_project(customer: CustomerHere, project_id: str, services: ServicesHere) -> ProjectRecord:
    """Show a project."""
    return await services.repositories.projects.get(customer, project_id)


@router.patch("/{project_id}", response_model=ProjectResponse)
async def change_project(
    customer: CustomerHere, project_id: str, asked: ProjectUpdate, services: ServicesHere, change: ChangeHere
) -> ProjectRecord:
    """Change a project; its settings are merged."""
    return await services.repositories.projects.update(customer, project_id, asked, change)


@router.delete("/{project_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_project(customer: CustomerHere, project_id: str, services: ServicesHere, change: ChangeHere) -> None:
    """Remove a project with its channels."""
    await services.repositories.projects.delete(customer, project_id, change)


@router.get("/{project_id}/settings")
async def show_project_settings(
    customer: CustomerHere, project_id: str, services: ServicesHere, *, resolved: ResolvedHere = False
) -> AnySettingsResponse:
    """Show a project's own settings, or with `resolved=true` those that hold there and where each comes from."""
    if resolved:
        return await services.repositories.projects.resolved_settings(customer, project_id)
    return OwnSettingsResponse(settings=(await services.repositories.projects.get(customer, project_id)).settings)
