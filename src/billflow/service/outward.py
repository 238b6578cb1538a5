"""What leaves billflow on request: events and where they go, and who did what."""

from dataclasses import dataclass

from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.endpoints import EndpointChange, EndpointRecord, EndpointStatus, ReplayInput
from billflow.ports.audit import Audit
from billflow.ports.webhooks import Endpoints, Outbox
from billflow.service.dispatching import Lanes


@dataclass(frozen=True)
class Outward:
    """Endpoints and events as their callers see them; raises `BillingError` where something can't be done."""

    endpoints: Endpoints
    outbox: Outbox
    streams: Lanes
    audit: Audit

    async def update_endpoint(
        self, org_id: str, endpoint_id: str, update: EndpointChange, change: ChangeContext
    ) -> EndpointRecord:
        """Change an endpoint; one that is enabled again gets at once what waited for it."""
        record = await self.endpoints.update_endpoint(org_id, endpoint_id, update, change)
        if record.status is EndpointStatus.ENABLED:
            await self.streams.wake(await self.outbox.open_streams(org_id, endpoint_id))
        return record

    async def replay(self, org_id: str, endpoint_id: str, ask: ReplayInput, change: ChangeContext) -> int:
        """Send events once more, in their order, and return how many."""
        messages = await self.outbox.replay(org_id, endpoint_id, ask, change)
        await self.streams.wake(await self.outbox.open_streams(org_id, endpoint_id))
        return messages
