"""What is older than its period is deleted."""

from dataclasses import dataclass

from temporalio import activity

from billflow.ports.retention import RetentionRepository


@dataclass(frozen=True)
class RetentionActivities:
    """What is deleted of all organizations; done twice, the second finds nothing."""

    repository: RetentionRepository

    @activity.defn
    async def prune(self) -> dict[str, int]:
        """Delete, and return how many rows of each kind."""
        return await self.repository.prune_all(activity.heartbeat)
