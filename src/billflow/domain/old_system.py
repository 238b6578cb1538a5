"""What is known of the system that billed a plan before, or bills it beside billflow (rules 41 and 42)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OldSubscription:
    """The subscription of the old system as it was found: it has billed up to `billed_until`.

    From `ends_at` on it bills nothing more; None is one that goes on. `changed` tells that it was told to end, or to go
    on, just now.
    """

    billed_until: datetime
    ends_at: datetime | None
    ended: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelRunStanding:
    """How a plan's parallel run stands: how many billing dates were compared, and whether the newest ones match.

    `old_subscription` is the old one's id at Stripe, None where the plan came from elsewhere.
    """

    compared: int
    matches: bool
    old_subscription: str | None = None
