"""What the queue of Stripe's events needs to know across organizations; tests have one in memory."""

from typing import Protocol


class Monitoring(Protocol):
    """Ids and counts of all organizations, no content."""

    async def organizations_with_unhandled_events(self) -> tuple[str, ...]:
        """Return the ids of the organizations for which an event of Stripe waits to be handled."""
        ...
