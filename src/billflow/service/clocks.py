"""Test clocks, and everything that lives by them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from billflow.domain.moments import check_near
from billflow.models.contracts.customers import ChangeContext
from billflow.service.plans import PlanService
from billflow.store.session.repositories import Queries, Repositories
from billflow.temporal.ids import collection_workflow_id

_FIRST_LOOK, _LATER_LOOKS = 0.05, 1.0
"""Seconds between looks at how far a clock's plans have come; each look takes half as long again as the one before."""


@dataclass(frozen=True)
class ClockService:
    """Test clocks as their callers see them."""

    plans: PlanService
    queries: Queries
    repositories: Repositories

    async def advance(
        self,
        org_id: str,
        clock_id: str,
        to: datetime,
        progress: Callable[[], None] | None = None,
        change: ChangeContext | None = None,
    ) -> None:
        """Move a test clock forward and wait until its plans and collections have come through everything due.

        Raises as `begin` does.
        """
        await self.begin(org_id, clock_id, to, change)
        await self.carry_out(org_id, clock_id, to, progress)

    async def begin(self, org_id: str, clock_id: str, to: datetime, change: ChangeContext | None = None) -> None:
        """Write down who advances a test clock, and why.

        Raises `InvalidInput` for a moment before the clock's own, or more than ten years after it.
        """
        check_near(to, (await self.repositories.test_clocks.get(org_id, clock_id)).now_at, "to")
        await self.repositories.test_clocks.begin_advance(org_id, clock_id, to, change)

    async def carry_out(
        self, org_id: str, clock_id: str, to: datetime, progress: Callable[[], None] | None = None
    ) -> None:
        """Do what `begin` has written down; where it broke off before, what was done is not done again.

        What was paid before it moves is bought before it moves. It stops at every moment at which a debt is collected,
        so that a suspension is in time for the next billing date. A plan on hold is not waited for.
        """
        await _while(partial(self.queries.plans.clock_has_purchase_due, org_id, clock_id), progress)
        while (stop := await self.queries.invoices.next_collection_at(org_id, clock_id)) is not None and stop < to:
            await self._advance(org_id, clock_id, stop, progress)
        await self._advance(org_id, clock_id, to, progress)
        await self.repositories.notices.notify(org_id, to, clock_id)

    async def _advance(self, org_id: str, clock_id: str, to: datetime, progress: Callable[[], None] | None) -> None:
        await self.repositories.test_clocks.advance(org_id, clock_id, to)
        for state in await self.queries.plans.running(org_id, test_clock_id=clock_id):
            await self.plans.signal_plan(state, "advance_clock", to)
        for invoice in await self.queries.invoices.unpaid(org_id, test_clock_id=clock_id):
            await self.plans.control.signal(collection_workflow_id(invoice.invoice_id), "advance_clock", to)
        await _while(partial(self.queries.plans.clock_has_work_due, org_id, clock_id), progress)


async def _while(is_due: Callable[[], Awaitable[bool]], progress: Callable[[], None] | None) -> None:
    """Wait for as long as something is due."""
    pause = _FIRST_LOOK
    while await is_due():
        if progress:
            progress()
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LATER_LOOKS)
