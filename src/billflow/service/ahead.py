"""Looking ahead at a plan: what a command would do, and what will be billed; nothing is written."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from billflow.domain.commands import PlanCommand
from billflow.domain.preview import Forecast, forecast, preview
from billflow.domain.step import Facts, Outcome
from billflow.models.contracts.steps import PlanRef
from billflow.store.plans.queries import PostgresPlanQueries
from billflow.store.plans.repository import PostgresPlanRepository


@dataclass(frozen=True)
class Foresight:
    """The plans as they will be; what decides is the code that steps run, on the facts of now (rules 29).

    Years take a second to go through, so they are gone through in a thread.
    """

    plans: PostgresPlanRepository
    plan_queries: PostgresPlanQueries

    async def preview(self, plan: PlanRef, command: PlanCommand | None, at: datetime | None = None) -> Outcome:
        """Return what a command would do at *at*, or what is found then; raises what the step would raise."""
        facts, now = await self._facts(plan)
        return await asyncio.to_thread(preview, facts, command, at or now, now=now)

    async def forecast(self, plan: PlanRef, count: int) -> Forecast:
        """Return the next *count* invoices if nothing changes; raises `InvalidInput` for a count out of bounds."""
        facts, now = await self._facts(plan)
        return await asyncio.to_thread(forecast, facts, count, now=now)

    async def _facts(self, plan: PlanRef) -> tuple[Facts, datetime]:
        """Return a plan's facts and the moment it lives at: its test clock's, or now."""
        now = (await self.plans.get(plan)).clock_at or datetime.now(UTC)
        return await self.plan_queries.facts(plan, now), now
