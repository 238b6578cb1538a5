"""What deployments report of their seats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from billflow.domain.moments import EARLIEST, check_observed
from billflow.models.contracts.customers import CustomerRef, SeatReport
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.seat_sources import SeatPullInput, SeatPullResult
from billflow.service.plans import PlanService
from billflow.store.session.repositories import Queries, Repositories
from billflow.temporal.workflow_starts import seat_pull_workflow


@dataclass(frozen=True)
class SeatService:
    """Seats as deployments report them."""

    plans: PlanService
    queries: Queries
    repositories: Repositories

    async def report(self, org_id: str, customer_id: str, reports: Sequence[SeatReport]) -> int:
        """Store what a deployment reported, and let a plan that waits go on; return how many moments were new.

        Raises `InvalidInput` for what was seen later than it is by the clock of the customer's plan.
        """
        plans = await self.queries.plans.running(org_id, customer_id=customer_id)
        check_observed((report.observed_at for report in reports), await self._now(org_id, plans))
        new = await self.repositories.seats.report(CustomerRef(org_id=org_id, customer_id=customer_id), reports)
        if new:
            for state in plans:
                if state.attention:
                    await self.plans.signal_plan(state, "seats_reported")
        return new

    async def pull(
        self, org_id: str, customer_id: str | None = None, *, apply: bool = True, at: datetime | None = None
    ) -> SeatPullResult:
        """Count a customer's seats, or everyone's, at their sources; without *apply* nothing is written.

        A count is as of *at*, now unless named; for a plan on a test clock as of that. Raises `NotFound`, and
        `Refused` for a customer whose seats are pushed.
        """
        everyone = customer_id is None
        asked = SeatPullInput(org_id=org_id, customer_id=customer_id, everyone=everyone, apply=apply, at=at)
        if not (await self.repositories.seat_pulls.due(asked)).batches:
            return SeatPullResult()
        return SeatPullResult.model_validate(await self.plans.control.run(seat_pull_workflow(asked)))

    async def _now(self, org_id: str, plans: Sequence[PlanState]) -> datetime:
        """Return the time of the customer's plan; before it has one, that of the test clock which is furthest ahead."""
        if plans:
            clocks = [state.clock_at for state in plans if state.clock_at is not None]
            return max(clocks, default=datetime.now(UTC))
        return max(datetime.now(UTC), await self.repositories.test_clocks.furthest(org_id) or EARLIEST)
