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


def effects_of(*, active: bool) -> Effects:
    """Return what an active customer may do, or one that is suspended or whose account is closed."""
    return Effects(
        projects_writable=active,
        can_create_sessions=active,
        can_send_messages=active,
        agents_can_log_in=active,
        sessions_time_out=not active,
        webhooks_enabled=active,
        charges_enabled=active,
    )
