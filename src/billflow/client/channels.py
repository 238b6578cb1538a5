"""Calls about the channels of a project."""

from billflow.client.calls import Call, get, write
from billflow.models.contracts.customer_resources import ChannelCreate, ChannelUpdate
from billflow.models.contracts.customer_responses import ChannelList, ChannelResponse, OwnSettingsResponse
from billflow.models.contracts.customer_settings import ResolvedSettings


def search(project_id: str, *, limit: int = 50, after: str | None = None) -> Call[ChannelList]:
    """List a project's channels, the oldest first."""
    return get(_path(project_id), ChannelList, limit=limit, after=after)


def add(project_id: str, channel: ChannelCreate, *, key: str | None = None) -> Call[ChannelResponse]:
    """Add a channel."""
    return write("POST", _path(project_id), ChannelResponse, channel, key)


def show(project_id: str, channel_id: str) -> Call[ChannelResponse]:
    """Show a channel."""
    return get(_path(project_id, channel_id), ChannelResponse)


def update(
    project_id: str, channel_id: str, changes: ChannelUpdate, *, key: str | None = None
) -> Call[ChannelResponse]:
    """Change a channel; its settings are merged."""
    return write("PATCH", _path(project_id, channel_id), ChannelResponse, changes, key)


def remove(project_id: str, channel_id: str, *, key: str | None = None) -> Call[None]:
    """Remove a channel."""
    return write("DELETE", _path(project_id, channel_id), type(None), None, key)


def settings(project_id: str, channel_id: str) -> Call[OwnSettingsResponse]:
    """Show a channel's own settings."""
    return get(_path(project_id, channel_id, "settings"), OwnSettingsResponse)


def resolved_settings(project_id: str, channel_id: str) -> Call[ResolvedSettings]:
    """Show the settings that hold in a channel, and where each comes from."""
    return get(_path(project_id, channel_id, "settings"), ResolvedSettings, resolved=True)


def _path(project_id: str, *rest: str) -> str:
    return "/".join(("/projects", project_id, "channels", *rest))
