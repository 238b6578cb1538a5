"""What activities need to tell customers ahead."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from billflow.models.contracts.mail import NotificationFacts, PlanNotification


class UnmailedNotice(NamedTuple):
    """A customer that was told ahead by event and not yet by mail."""

    notification: PlanNotification
    facts: NotificationFacts


class NoticeRepository(Protocol):
    """What customers were told ahead; every method is safe to repeat."""

    async def notify(self, org_id: str, now: datetime, clock_id: str | None = None) -> int:
        """Tell all that is to be told by *now*, of the plans on a test clock or else of those in real time.

        Each plan has a transaction of its own; return how much was told.
        """

    async def unmailed(self, org_id: str) -> Sequence[UnmailedNotice]:
        """Return of what there is an event and no mail yet, the oldest first, some at a time."""

    async def mark_mailed(self, notification: PlanNotification, at: datetime) -> None:
        """Note that a mail was written of it."""
