"""What is older than its period is deleted."""

from dataclasses import dataclass

from temporalio import activity

from billflow.models.contracts.retention import RetentionInput
from billflow.ports.retention import RetentionRepository


@dataclass(frozen=True)
class RetentionActivities:
    """What is deleted of an organization; done twice, the second finds nothing."""

    repository: RetentionRepository

    @activity.defn
    async def prune(self, request: RetentionInput) -> dict[str, int]:
        """Delete, and return how many rows of each kind."""
        return await self.repository.prune(request.org_id, activity.heartbeat)
