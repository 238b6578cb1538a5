"""A reconciliation in slices, each of which goes on where a dead worker stopped."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio import activity

from billflow.activities.comparison import Comparison
from billflow.activities.repairs import Repairs
from billflow.activities.stripe_errors import stripe_errors
from billflow.models.contracts.reconciliation import (
    OrganizationsInput,
    ReconciliationInput,
    ReconciliationPart,
    ReconciliationScope,
    RepairInput,
    RunRef,
    SliceInput,
    SliceResult,
)
from billflow.ports.offers import OfferRepository
from billflow.ports.reconciliation import OrganizationLister, ReconciliationRepository

PAGES_PER_SLICE = 50
"""Pages of one activity; the next slice is another one, so that none runs for hours. At Stripe a slice is one page, for
its rate counts activities."""

MORE = "more"
"""The cursor of a page whose place nobody needs to know."""

CHANGED = "It is otherwise by now; compare again."
"""Why a finding is not repaired that holds no more."""

Page = Callable[[RunRef, str | None], Awaitable[str | None]]
"""Does one page from a cursor on, and returns where the next one begins; None at the end."""


@dataclass(frozen=True)
class ReconciliationActivities:
    """One run: its beginning, its slices and its end; each may happen twice."""

    repository: ReconciliationRepository
    comparison: Comparison
    repairs: Repairs
    offers: OfferRepository
    lister: OrganizationLister

    @activity.defn
    async def organizations(self, wanted: OrganizationsInput) -> tuple[str, ...]:
        """Return the next organizations of a shard; none at its end."""
        return tuple(await self.lister.organizations_page(wanted.shard, wanted.after))

    @activity.defn
    async def begin_reconciliation(self, request: ReconciliationInput) -> RunRef:
        """Record the run, once, and return it."""
        info = activity.info()
        run_id = await self.repository.begin(request, info.workflow_run_id or info.activity_id, info.scheduled_time)
        which = request.model_dump(include={"org_id", "repair", "scope"})
        return RunRef(**which, run_id=run_id, started_at=info.scheduled_time)

    @activity.defn
    async def reconcile_slice(self, run: SliceInput) -> SliceResult:
        """Do the next pages of one part, from the last heartbeat on where an earlier try had one."""
        details = activity.info().heartbeat_details
        cursor: str | None = details[0] if details else run.cursor
        page = self._page_of(run.part)
        for _ in range(1 if run.part.is_at_stripe else PAGES_PER_SLICE):
            with stripe_errors():
                cursor = await page(run, cursor)
            if cursor is None:
                break
            activity.heartbeat(cursor)
        return SliceResult(next=cursor, findings=None if cursor else await self.repository.count_findings(run))

    @activity.defn
    async def repair_finding(self, wanted: RepairInput) -> None:
        """Repair one finding, once; what is otherwise by now is left to the next run."""
        run = RunRef(
            org_id=wanted.org_id,
            run_id=wanted.reconciliation_run_id,
            started_at=activity.info().scheduled_time,
            repair=True,
            scope=ReconciliationScope(grace_minutes=0),
        )
        finding = await self.repository.finding(wanted)
        with stripe_errors():
            if finding.repaired_at is None and not await self.comparison.still_holds(run, finding):
                await self.repository.mark_not_repaired(run, finding.finding_id, CHANGED)
                return
            await self.repairs.one(run, finding)

    @activity.defn
    async def finish_reconciliation(self, run: RunRef) -> None:
        """Close the run."""
        await self.repository.finish(run, datetime.now(UTC))

    def _page_of(self, part: ReconciliationPart) -> Page:
        return {
            ReconciliationPart.LIST_STRIPE: self.comparison.list_stripe,
            ReconciliationPart.COMPARE_INVOICES: self.comparison.invoices,
            ReconciliationPart.LOOK_AGAIN: self.comparison.again,
            ReconciliationPart.FIND_ORPHANS: self.comparison.orphans,
            ReconciliationPart.LIST_CUSTOMERS: self.comparison.list_customers,
            ReconciliationPart.COMPARE_CUSTOMERS: self.comparison.customers,
            ReconciliationPart.COMPARE_PLANS: self.comparison.plans,
            ReconciliationPart.COMPARE_WORKFLOWS: self.comparison.running,
            ReconciliationPart.EXPIRE_OFFERS: self._expire_offers,
            ReconciliationPart.REPAIR: self.repairs.page,
        }[part]

    async def _expire_offers(self, run: RunRef, _cursor: str | None) -> str | None:
        return MORE if await self.offers.expire(run.org_id, run.started_at) else None
