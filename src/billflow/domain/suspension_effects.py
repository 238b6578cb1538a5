"""What a customer may do with the product while its account is open, and what it may not while it is not."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What the host product is to allow. Data is kept in any case."""

    projects_writable: bool
    can_create_sessions: bool
    can_send_messages: bool
    agents_can_log_in: bool
    sessions_time_out: bool
    webhooks_enabled: bool
    charges_enabled: bool
    data_retained: bool = True


OPEN = Effects(
    projects_writable=True,
    can_create_sessions=True,
    can_send_messages=True,
    agents_can_log_in=True,
    sessions_time_out=False,
    webhooks_enabled=True,
    charges_enabled=True,
)
"""An active customer."""

SHUT = Effects(
    projects_writable=False,
    can_create_sessions=False,
    can_send_messages=False,
    agents_can_log_in=False,
    sessions_time_out=True,
    webhooks_enabled=False,
    charges_enabled=False,
)
"""A suspended customer, or one whose account is closed."""


def effects_of(*, active: bool) -> Effects:
    """Return what an active customer may do, or one that is not."""
    return OPEN if active else SHUT
