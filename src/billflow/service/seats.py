"""What deployments report of their seats."""

from collections.abc import Sequence
from dataclasses import dataclass

from billflow.models.contracts.customers import CustomerRef, SeatReport
from billflow.service.plans import PlanService
from billflow.store.session.repositories import Queries, Repositories


@dataclass(frozen=True)
class SeatService:
    """Seats as deployments report them."""

    plans: PlanService
    queries: Queries
    repositories: Repositories

    async def report(self, org_id: str, customer_id: str, reports: Sequence[SeatReport]) -> int:
        """Store what a deployment reported, and let a plan that waits go on; return how many moments were new."""
        new = await self.repositories.seats.report(CustomerRef(org_id=org_id, customer_id=customer_id), reports)
        if new:
            for state in await self.queries.plans.running(org_id, customer_id=customer_id):
                if state.attention:
                    await self.plans.signal_plan(state, "seats_reported")
        return new
