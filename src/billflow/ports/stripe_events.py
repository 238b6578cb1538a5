"""What handling Stripe's events needs of the rows; tests have implementations in memory."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from billflow.models.contracts.webhooks import ForeignReason, StoredEvent, StripeEvent


class StripeEventRepository(Protocol):
    """Stripe's events, stored once until they are handled; every method is one transaction and safe to repeat."""

    async def store_event(self, org_id: str, event: StripeEvent, received_at: datetime) -> StoredEvent:
        """Store an event, as handled where it reports what we did ourselves and have recorded.

        Raises `NotFound` for an unknown organization.
        """

    async def store_foreign(self, event: StripeEvent, reason: ForeignReason, received_at: datetime) -> None:
        """Store an event that belongs to no organization, once."""

    async def unhandled_events(self, org_id: str, limit: int, *, besides: Collection[str] = ()) -> list[StripeEvent]:
        """Return the events nobody has handled yet, the oldest first, leaving out the ids *besides*."""

    async def mark_known(self, org_id: str, event: StripeEvent, at: datetime) -> bool:
        """Remember the same of an event that reports what we have recorded by now; tell whether it does."""

    async def mark_handled(self, org_id: str, event_id: str, at: datetime) -> None:
        """Remember that nothing is left to do about an event."""


class Monitoring(Protocol):
    """Ids and counts of all organizations, no content."""

    async def organizations_with_unhandled_events(self) -> tuple[str, ...]:
        """Return the ids of the organizations for which an event of Stripe waits to be handled."""
