"""Calls about how many days ahead customers are told."""

from billflow.client.calls import Call, get, write
from billflow.models.contracts.notices import NoticeSettings

_PATH = "/notices"


def show() -> Call[NoticeSettings]:
    """Show how many days ahead customers are told."""
    return get(_PATH, NoticeSettings)


def update(days: NoticeSettings, *, key: str | None = None) -> Call[NoticeSettings]:
    """Set how many days ahead customers are told; 0 is never."""
    return write("PUT", _PATH, NoticeSettings, days, key)
