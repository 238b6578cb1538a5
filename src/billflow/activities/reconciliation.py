"""A reconciliation in slices, each of which goes on where a dead worker stopped."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from billflow.activities.comparing import Comparison
from billflow.activities.repairing import Repairs
from billflow.models.contracts.reconciliation import (
    ReconciliationPart,
    ReconciliationRun,
    RunRef,
    SliceInput,
    SliceResult,
)
from billflow.ports.billing import Offers, PaymentsRejected, PaymentsUnavailable
from billflow.ports.reconciliation import ReconciliationRepository

PAGES_PER_SLICE = 50
"""Pages of one activity; the next slice is another one, so that none runs for hours."""

MORE = "more"
"""Where the next page of what needs no place to go on from begins."""

Page = Callable[[SliceInput, str | None], Awaitable[str | None]]
"""Does one page from a cursor on, and returns where the next one begins; None at the end."""


@dataclass(frozen=True)
class ReconciliationActivities:
    """One run: its beginning, its slices and its end; each may happen twice."""

    books: ReconciliationRepository
    comparison: Comparison
    repairs: Repairs
    offers: Offers

    @activity.defn
    async def begin_reconciliation(self, run: ReconciliationRun) -> str:
        """Write the run down, once, and return its id."""
        info = activity.info()
        key = info.workflow_run_id or info.activity_id
        return await self.books.begin(run, key, run.started_at or datetime.now(UTC))

    @activity.defn
    async def reconcile_slice(self, ask: SliceInput) -> SliceResult:
        """Do the next pages of one part, from the last heartbeat on where an earlier try had one."""
        details = activity.info().heartbeat_details
        cursor: str | None = details[0] if details else ask.cursor
        page = self._page_of(ask.part)
        for _ in range(PAGES_PER_SLICE):
            cursor = await _unless_stripe_fails(page(ask, cursor))
            if cursor is None:
                break
            activity.heartbeat(cursor)
        return SliceResult(next=cursor)

    @activity.defn
    async def finish_reconciliation(self, run: RunRef) -> None:
        """Close the run."""
        await self.books.finish(run, datetime.now(UTC))

    def _page_of(self, part: ReconciliationPart) -> Page:
        return {
            ReconciliationPart.LIST_STRIPE: self.comparison.list_stripe,
            ReconciliationPart.COMPARE_INVOICES: self.comparison.invoices,
            ReconciliationPart.FIND_ORPHANS: self.comparison.orphans,
            ReconciliationPart.COMPARE_PLANS: self.comparison.plans,
            ReconciliationPart.COMPARE_WORKFLOWS: self.comparison.running,
            ReconciliationPart.EXPIRE_OFFERS: self._expire_offers,
            ReconciliationPart.REPAIR: self.repairs.page,
        }[part]

    async def _expire_offers(self, ask: SliceInput, _cursor: str | None) -> str | None:
        return MORE if await self.offers.expire(ask.org_id, ask.started_at) else None


async def _unless_stripe_fails(page: Awaitable[str | None]) -> str | None:
    try:
        return await page
    except PaymentsUnavailable as error:
        raise ApplicationError(error.message, type="PaymentsUnavailable", next_retry_delay=error.retry_after) from error
    except PaymentsRejected as error:
        raise ApplicationError(str(error), type="PaymentsRejected", non_retryable=True) from error
