"""Recovery: the workflows of all organizations are made anew from the rows, where Temporal has lost them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from billflow.models.contracts.adjustments import SendAdjustmentInput
from billflow.models.contracts.invoices import InvoiceStatusChanged
from billflow.models.contracts.mail import NotificationInput
from billflow.models.contracts.plans import PlanInput, PlanState
from billflow.models.contracts.recovery import RecoveredKind, RecoveredRecord, RecoveryReport
from billflow.settings import Settings
from billflow.store.reconciliation.recovery import InvoiceWork
from billflow.store.session.repositories import Queries, Repositories
from billflow.temporal.ids import plan_workflow_id
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import (
    WorkflowStart,
    adjustment_workflow,
    collection_workflow,
    delivery_workflow,
    dry_run_workflow,
    mail_workflow,
    onboarding_workflow,
    plan_batch_workflow,
    plan_workflow,
)

STARTS_AT_ONCE = 64
ORGANIZATIONS_AT_ONCE = 8
LATE_MAILS = timedelta(days=3)
"""For how long a mail is tried; after that it says nothing new."""

Item = TypeVar("Item")
Page = Callable[[str, str | None], Awaitable[Sequence[tuple[str, Item]]]]
"""Returns the next items of an organization with their ids, from an id on."""

Found = tuple[RecoveredKind, WorkflowStart]
Waiting = asyncio.Queue[Found | None]
WAKE = "customer_changed"


@dataclass
class RecoveryProgress:
    """How far a recovery has come: organizations that are done, and workflows by what became of them."""

    organizations: int = 0
    counts: Counter[tuple[RecoveredKind, str]] = field(default_factory=Counter)

    def records(self) -> tuple[RecoveredRecord, ...]:
        """Return what became of each kind."""
        names = ("running", "started", "woken")
        return tuple(
            RecoveredRecord(kind=kind, **{name: self.counts[kind, name] for name in names}) for kind in RecoveredKind
        )


@dataclass(frozen=True)
class RecoveryService:
    """Starts what should run and does not; what runs is left alone, so that an interrupted recovery goes on."""

    control: WorkflowControl
    repositories: Repositories
    queries: Queries
    settings: Settings

    async def recover(
        self, org_ids: Iterable[str], progress: RecoveryProgress, *, wake: bool = False
    ) -> RecoveryReport:
        """Start what is missing of these organizations, and with *wake* let every plan look at its rows anew.

        *progress* is kept up to date meanwhile. Raises `NoTemporalServer` or `NoDatabase`; what was started stays.
        """
        clock = asyncio.get_running_loop().time
        begun, waiting = clock(), Waiting(4 * STARTS_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(STARTS_AT_ONCE):
                    tasks.create_task(self._start_all(waiting, progress, wake=wake))
                await self._find_all(org_ids, waiting, progress, wake=wake)
                for _ in range(STARTS_AT_ONCE):
                    await waiting.put(None)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures
        return RecoveryReport(
            organizations=progress.organizations, seconds=round(clock() - begun, 3), kinds=progress.records()
        )

    async def _start_all(self, waiting: Waiting, progress: RecoveryProgress, *, wake: bool) -> None:
        while (found := await waiting.get()) is not None:
            kind, start = found
            is_woken = wake and kind is RecoveredKind.PLANS
            await self.control.start(start, WAKE if is_woken else None)
            if isinstance(start.argument, PlanInput):
                await self._signal_purchase(start.argument.state)
            progress.counts[kind, "woken" if is_woken else "started"] += 1

    async def _signal_purchase(self, plan: PlanState) -> None:
        """Tell a plan what became of its purchase while there was no workflow that could be told."""
        if (awaited := plan.awaiting_invoice_id) is None:
            return
        invoice = await self.queries.invoices.get(plan.org_id, awaited)
        if not invoice.status.is_open:
            at = plan.clock_at or datetime.now(UTC)
            change = InvoiceStatusChanged(plan=plan.ref, invoice_id=awaited, status=invoice.status, at=at)
            await self.control.signal(plan_workflow_id(plan.plan_id), "invoice_status_changed", change)

    async def _find_all(
        self, org_ids: Iterable[str], waiting: Waiting, progress: RecoveryProgress, *, wake: bool
    ) -> None:
        limit = asyncio.Semaphore(ORGANIZATIONS_AT_ONCE)

        async def one(org_id: str) -> None:
            async with limit:
                running = await self.control.running_ids(org_id)
                async for kind, start in self._should_run(org_id):
                    if start.workflow_id in running and not (wake and kind is RecoveredKind.PLANS):
                        progress.counts[kind, "running"] += 1
                    else:
                        await waiting.put((kind, start))
                progress.organizations += 1

        await asyncio.gather(*map(one, org_ids))

    async def _should_run(self, org_id: str) -> AsyncIterator[Found]:
        """Yield all that should run in an organization; plans first, which have the most to wait for."""
        for kind, page, start_of in self._sources():
            async for item in _all(page, org_id):
                yield kind, start_of(item)
        for stream in await self.repositories.deliveries.open_streams(org_id):
            yield RecoveredKind.DELIVERIES, delivery_workflow(stream)

    def _sources(self) -> Iterator[tuple[RecoveredKind, Page[Any], Callable[[Any], WorkflowStart]]]:
        found = self.queries.recovery
        yield RecoveredKind.PLANS, found.plans, lambda state: plan_workflow(PlanInput(state=state))
        yield RecoveredKind.COLLECTIONS, found.collections, _collection
        yield RecoveredKind.ADJUSTMENTS, found.refunds, _adjustment
        yield RecoveredKind.ADJUSTMENTS, found.credit_notes, _adjustment
        yield RecoveredKind.ONBOARDINGS, found.onboardings, onboarding_workflow
        yield RecoveredKind.PLAN_BATCHES, found.plan_batches, plan_batch_workflow
        yield RecoveredKind.DRY_RUNS, found.dry_runs, dry_run_workflow
        if self.settings.smtp_url is not None:  # without a mail server mails are kept, not sent
            yield RecoveredKind.MAILS, partial(found.mails, since=datetime.now(UTC) - LATE_MAILS), _mail


async def _all(page: Page[Item], org_id: str) -> AsyncIterator[Item]:
    after: str | None = None
    while items := await page(org_id, after):
        for _, item in items:
            yield item
        after = items[-1][0]


def _collection(debt: InvoiceWork) -> WorkflowStart:
    return collection_workflow(debt.invoice, debt.customer_id, clock_at=debt.clock_at)


def _adjustment(found: tuple[SendAdjustmentInput, InvoiceWork]) -> WorkflowStart:
    request, about = found
    return adjustment_workflow(request, about.invoice, about.customer_id)


def _mail(found: tuple[NotificationInput, InvoiceWork]) -> WorkflowStart:
    notification, about = found
    return mail_workflow(notification, about.customer_id, about.invoice.plan_id)
