"""What deployments report of their seats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from billflow.domain.moments import EARLIEST, check_observed
from billflow.models.contracts.customers import CustomerRef, SeatReport, SeatReportCreate
from billflow.models.contracts.seat_sources import SeatPullInput, SeatPullResult
from billflow.service.plans import PlanService
from billflow.store.customers.seats import ReportedSeats, ReportingCustomer
from billflow.store.session.repositories import Repositories
from billflow.temporal.workflow_starts import seat_pull_workflow


@dataclass(frozen=True)
class SeatService:
    """Seats as deployments report them."""

    plans: PlanService
    repositories: Repositories

    async def report(self, org_id: str, customer_id: str, asked: Sequence[SeatReport | SeatReportCreate]) -> int:
        """Store what was reported of a customer, and let a plan that waits go on; return how many moments were new.

        What names no moment is of now, by the clock of the customer's plan where it is attached to one. Raises
        `NotFound`, `Refused` for a customer that was erased, and `InvalidInput` for what was seen later than it is by
        that clock.
        """
        ref = CustomerRef(org_id=org_id, customer_id=customer_id)
        return await self._goes_on(await self.repositories.seats.report_of_customer(ref, partial(_observed, asked)))

    async def report_of_deployment(
        self, org_id: str, deployment_id: str, asked: Sequence[SeatReport | SeatReportCreate]
    ) -> int:
        """Do the same for the customer of a deployment."""
        seats, observe = self.repositories.seats, partial(_observed, asked)
        return await self._goes_on(await seats.report_of_deployment(org_id, deployment_id, observe))

    async def _goes_on(self, reported: ReportedSeats) -> int:
        for plan in reported.on_hold if reported.new else ():
            await self.plans.signal_plan(await self.repositories.plans.get(plan), "seats_reported")
        return reported.new

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


def _observed(asked: Sequence[SeatReport | SeatReportCreate], customer: ReportingCustomer) -> Sequence[SeatReport]:
    """Return what a customer reports with its moments; raises `InvalidInput` for one that is still to come.

    Before it has a plan the test clock counts that is furthest ahead.
    """
    now = customer.clock_at or datetime.now(UTC)
    reports = [one.observed(now) if isinstance(one, SeatReportCreate) else one for one in asked]
    latest = now if customer.has_plan else max(now, customer.furthest or EARLIEST)
    check_observed((report.observed_at for report in reports), latest)
    return reports
