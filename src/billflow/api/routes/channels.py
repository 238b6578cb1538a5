"""The channels of a project, which inherit its settings."""

from http import HTTPStatus
from operator import attrgetter

from fastapi import APIRouter
from pydantic import ConfigDict

from billflow.api.changes import change_by
from billflow.api.customer_views import AnySettingsResponse, ChannelList, ChannelResponse, OwnSettingsResponse
from billflow.api.fields import SliceHere
from billflow.api.principal import Principal, PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.routes.customer_settings import ResolvedHere
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_resources import ChannelChange, ChannelRecord, NewChannel, ProjectRef

router = APIRouter(prefix="/projects/{project_id}/channels", tags=["customers"], route_class=CheckedRoute)


class ChannelCreate(NewChannel):
    """A channel of a project."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "whatsapp"}]})


class ChannelUpdate(ChannelChange):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"settings": {"session_timeout": 15}}]})


@router.get("")
async def list_channels(
    project_id: str, services: ServicesHere, principal: PrincipalHere, part: SliceHere
) -> ChannelList:
    """List a project's channels, the oldest first."""
    rows = await services.repositories.channels.list(_project(principal, project_id))
    return ChannelList.of(part.of(rows, attrgetter("channel_id")))


@router.post("", status_code=HTTPStatus.CREATED, response_model=ChannelResponse)
async def add_channel(
    project_id: str, asked: ChannelCreate, services: ServicesHere, principal: PrincipalHere
) -> ChannelRecord:
    """Add a channel."""
    return await services.repositories.channels.create(_project(principal, project_id), asked, change_by(principal))


@router.get("/{channel_id}", response_model=ChannelResponse)
async def show_channel(
    project_id: str, channel_id: str, services: ServicesHere, principal: PrincipalHere
) -> ChannelRecord:
    """Show a channel."""
    return await services.repositories.channels.get(_project(principal, project_id), channel_id)


@router.patch("/{channel_id}", response_model=ChannelResponse)
async def change_channel(
    project_id: str, channel_id: str, asked: ChannelUpdate, services: ServicesHere, principal: PrincipalHere
) -> ChannelRecord:
    """Change a channel; its settings are merged."""
    return await services.repositories.channels.update(
        _project(principal, project_id), channel_id, asked, change_by(principal)
    )


@router.delete("/{channel_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_channel(project_id: str, channel_id: str, services: ServicesHere, principal: PrincipalHere) -> None:
    """Remove a channel."""
    await services.repositories.channels.delete(_project(principal, project_id), channel_id, change_by(principal))


@router.get("/{channel_id}/settings")
async def show_channel_settings(
    project_id: str,
    channel_id: str,
    services: ServicesHere,
    principal: PrincipalHere,
    *,
    resolved: ResolvedHere = False,
) -> AnySettingsResponse:
    """Show a channel's own settings, or with `resolved=true` those that hold there and where each comes from."""
    if resolved:
        return await services.repositories.channels.resolved_settings(_project(principal, project_id), channel_id)
    channel = await services.repositories.channels.get(_project(principal, project_id), channel_id)
    return OwnSettingsResponse(settings=channel.settings)


def _project(principal: Principal, project_id: str) -> ProjectRef:
    return ProjectRef(org_id=principal.org_id, project_id=project_id)
