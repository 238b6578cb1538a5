"""What deployments report of their seats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from billflow.domain.moments import EARLIEST, check_observed
from billflow.models.contracts.customers import CustomerRef, SeatReport, SeatReportCreate
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

    async def report(self, org_id: str, customer_id: str, asked: Sequence[SeatReport | SeatReportCreate]) -> int:
        """Store what a deployment reported, and let a plan that waits go on; return how many moments were new.

        What names no moment is of now, by the clock of the customer's plan where it is attached to one. Raises
        `InvalidInput` for what was seen later than it is by that clock.
        """
        plans = await self.queries.plans.running(org_id, customer_id=customer_id)
        now = _by_clock(plans) or datetime.now(UTC)
        reports = [one.observed(now) if isinstance(one, SeatReportCreate) else one for one in asked]
        check_observed((report.observed_at for report in reports), await self._latest(org_id, plans))
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

    async def _latest(self, org_id: str, plans: Sequence[PlanState]) -> datetime:
        """Return the time of the customer's plan; before it has one, that of the test clock which is furthest ahead."""
        now = _by_clock(plans) or datetime.now(UTC)
        return now if plans else max(now, await self.repositories.test_clocks.furthest(org_id) or EARLIEST)


def _by_clock(plans: Sequence[PlanState]) -> datetime | None:
    """Return where the test clock of a customer's plans stands, None in real time."""
    return max((state.clock_at for state in plans if state.clock_at is not None), default=None)
