"""A customer's projects: departments, brands or regions that bill to one of its accounts."""

from http import HTTPStatus
from operator import attrgetter

from fastapi import APIRouter
from pydantic import ConfigDict
from pydantic.config import JsonDict

from billflow.api.caller import CallerHere
from billflow.api.changes import change_by, ref_of
from billflow.api.customer_views import OwnSettings, Projects, ProjectShown, SettingsShown
from billflow.api.fields import SliceHere
from billflow.api.requests import CheckedRoute
from billflow.api.routes.customer_settings import ResolvedHere
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_parts import NewProject, ProjectRecord, ProjectUpdate

router = APIRouter(prefix="/customers/{customer_id}/projects", tags=["customers"], route_class=CheckedRoute)

_EXAMPLE: JsonDict = {"name": "Acme - Sales Department", "slug": "acme-sales", "settings": {"session_timeout": 60}}


class ProjectAsked(NewProject):
    """A project; it bills to the default account unless another is named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [_EXAMPLE]},
    )


class ProjectPatch(ProjectUpdate):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"settings": {"session_timeout": 60}}]})


@router.get("")
async def list_projects(customer_id: str, services: ServicesHere, caller: CallerHere, part: SliceHere) -> Projects:
    """List a customer's projects, the oldest first."""
    rows = await services.customer_books.projects(ref_of(caller, customer_id))
    return Projects.of(part.of(rows, attrgetter("project_id")))


@router.post("", status_code=HTTPStatus.CREATED, response_model=ProjectShown)
async def add_project(
    customer_id: str, asked: ProjectAsked, services: ServicesHere, caller: CallerHere
) -> ProjectRecord:
    """Add a project, where `features.max_projects` of the settings allows one more."""
    return await services.customer_books.add_project(ref_of(caller, customer_id), asked, change_by(caller))


@router.get("/{project_id}", response_model=ProjectShown)
async def show_project(customer_id: str, project_id: str, services: ServicesHere, caller: CallerHere) -> ProjectRecord:
    """Show a project."""
    return await services.customer_books.project(ref_of(caller, customer_id), project_id)


@router.patch("/{project_id}", response_model=ProjectShown)
async def change_project(
    customer_id: str, project_id: str, asked: ProjectPatch, services: ServicesHere, caller: CallerHere
) -> ProjectRecord:
    """Change a project; its settings are merged."""
    ref = ref_of(caller, customer_id)
    return await services.customer_books.change_project(ref, project_id, asked, change_by(caller))


@router.delete("/{project_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_project(customer_id: str, project_id: str, services: ServicesHere, caller: CallerHere) -> None:
    """Remove a project with its channels."""
    await services.customer_books.remove_project(ref_of(caller, customer_id), project_id, change_by(caller))


@router.get("/{project_id}/settings")
async def show_project_settings(
    customer_id: str, project_id: str, services: ServicesHere, caller: CallerHere, *, resolved: ResolvedHere = False
) -> SettingsShown:
    """Show a project's own settings, or with `resolved=true` those that hold there and where each comes from."""
    ref = ref_of(caller, customer_id)
    if resolved:
        return await services.customer_books.project_settings(ref, project_id)
    return OwnSettings(settings=(await services.customer_books.project(ref, project_id)).settings)
