"""Calls about a customer's projects."""

from billflow.client.calls import Call, get, write
from billflow.models.contracts.customer_resources import ProjectCreate, ProjectUpdate
from billflow.models.contracts.customer_responses import OwnSettingsResponse, ProjectList, ProjectResponse
from billflow.models.contracts.customer_settings import ResolvedSettings


def search(customer_id: str, *, limit: int = 50, after: str | None = None) -> Call[ProjectList]:
    """List a customer's projects, the oldest first."""
    return get(_path(customer_id), ProjectList, limit=limit, after=after)


def add(customer_id: str, project: ProjectCreate, *, key: str | None = None) -> Call[ProjectResponse]:
    """Add a project, where `features.max_projects` of the settings allows one more."""
    return write("POST", _path(customer_id), ProjectResponse, project, key)


def show(customer_id: str, project_id: str) -> Call[ProjectResponse]:
    """Show a project."""
    return get(_path(customer_id, project_id), ProjectResponse)


def update(
    customer_id: str, project_id: str, changes: ProjectUpdate, *, key: str | None = None
) -> Call[ProjectResponse]:
    """Change a project; its settings are merged."""
    return write("PATCH", _path(customer_id, project_id), ProjectResponse, changes, key)


def remove(customer_id: str, project_id: str, *, key: str | None = None) -> Call[None]:
    """Remove a project with its channels."""
    return write("DELETE", _path(customer_id, project_id), type(None), None, key)


def settings(customer_id: str, project_id: str) -> Call[OwnSettingsResponse]:
    """Show a project's own settings."""
    return get(_path(customer_id, project_id, "settings"), OwnSettingsResponse)


def resolved_settings(customer_id: str, project_id: str) -> Call[ResolvedSettings]:
    """Show the settings that hold in a project, and where each comes from."""
    return get(_path(customer_id, project_id, "settings"), ResolvedSettings, resolved=True)


def _path(customer_id: str, *rest: str) -> str:
    return "/".join(("/customers", customer_id, "projects", *rest))
