"""Webhooks to others: events, and the endpoints they are delivered to."""

from dataclasses import dataclass

from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.endpoints import EndpointRecord, EndpointStatus, EndpointUpdate, ReplayCreate
from billflow.service.outbox import wake
from billflow.store.session.repositories import Repositories
from billflow.store.webhooks.endpoints import PostgresEndpointRepository
from billflow.temporal.workflow_control import WorkflowControl


@dataclass(frozen=True)
class WebhookService:
    """Endpoints and events as their callers see them; raises `BillingError` where something can't be done."""

    control: WorkflowControl
    endpoints: PostgresEndpointRepository
    repositories: Repositories

    async def update_endpoint(
        self, org_id: str, endpoint_id: str, update: EndpointUpdate, change: ChangeContext
    ) -> EndpointRecord:
        """Change an endpoint; one that is enabled again gets at once what waited for it."""
        record = await self.endpoints.update(org_id, endpoint_id, update, change)
        if record.status is EndpointStatus.ENABLED:
            await wake(self.control, await self.repositories.deliveries.open_streams(org_id, endpoint_id))
        return record

    async def replay(self, org_id: str, endpoint_id: str, wanted: ReplayCreate, change: ChangeContext) -> int:
        """Send events once more, in their order, and return how many."""
        messages = await self.repositories.outbox.replay(org_id, endpoint_id, wanted, change)
        await wake(self.control, await self.repositories.deliveries.open_streams(org_id, endpoint_id))
        return messages
