"""What a customer may do now, as the host product asks before it lets anybody in."""

from billflow.domain.access import PushAccess
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.customers import CustomerStatus


class PlanAccess(Contract):
    """What the live plan gives; `seats_left` is None where nothing limits how many may join."""

    plan_id: str
    tier: str
    tier_name: str
    status: PlanStatus
    licenses: int
    seats_in_use: int
    seats_left: int | None
    can_add_seats: bool
    warn_about_seats: bool


class AccessRecord(Contract):
    """What the customer may do at `at`; see `domain.suspension_effects.Effects`.

    `features` are those of its tier, of the sponsored tier where it is sponsored, and none while it is suspended.
    """

    customer_id: str
    at: Moment
    status: CustomerStatus
    suspended_at: Moment | None
    projects_writable: bool
    can_create_sessions: bool
    can_send_messages: bool
    agents_can_log_in: bool
    sessions_time_out: bool
    webhooks_enabled: bool
    charges_enabled: bool
    data_retained: bool
    sponsored: bool
    features: tuple[str, ...]
    plan: PlanAccess | None
    push: PushAccess | None
