"""The channels of a project, which inherit its settings."""

from http import HTTPStatus

from billflow.api.changes import ChangeHere, ProjectHere
from billflow.api.fields import SliceHere
from billflow.api.routers import api_router
from billflow.api.routes.customer_settings import ResolvedHere
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_resources import ChannelCreate, ChannelRecord, ChannelUpdate
from billflow.models.contracts.customer_responses import (
    AnySettingsResponse,
    ChannelList,
    ChannelResponse,
    OwnSettingsResponse,
)

router = api_router("customers", "/projects/{project_id}/channels")


@router.get("")
async def list_channels(project: ProjectHere, services: ServicesHere, part: SliceHere) -> ChannelList:
    """List a project's channels, the oldest first."""
    return ChannelList.of(part.of(await services.repositories.channels.list(project), "channel_id"))


@router.post("", status_code=HTTPStatus.CREATED, response_model=ChannelResponse)
async def add_channel(
    project: ProjectHere, asked: ChannelCreate, services: ServicesHere, change: ChangeHere
) -> ChannelRecord:
    """Add a channel."""
    return await services.repositories.channels.create(project, asked, change)


@router.get("/{channel_id}", response_model=ChannelResponse)
async def show_channel(project: ProjectHere, channel_id: str, services: ServicesHere) -> ChannelRecord:
    """Show a channel."""
    return await services.repositories.channels.get(project, channel_id)


@router.patch("/{channel_id}", response_model=ChannelResponse)
async def change_channel(
    project: ProjectHere, channel_id: str, asked: ChannelUpdate, services: ServicesHere, change: ChangeHere
) -> ChannelRecord:
    """Change a channel; its settings are merged."""
    return await services.repositories.channels.update(project, channel_id, asked, change)


@router.delete("/{channel_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_channel(project: ProjectHere, channel_id: str, services: ServicesHere, change: ChangeHere) -> None:
    """Remove a channel."""
    await services.repositories.channels.delete(project, channel_id, change)


@router.get("/{channel_id}/settings")
async def show_channel_settings(
    project: ProjectHere, channel_id: str, services: ServicesHere, *, resolved: ResolvedHere = False
) -> AnySettingsResponse:
    """Show a channel's own settings, or with `resolved=true` those that hold there and where each comes from."""
    if resolved:
        return await services.repositories.channels.resolved_settings(project, channel_id)
    return OwnSettingsResponse(settings=(await services.repositories.channels.get(project, channel_id)).settings)
