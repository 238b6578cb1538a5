"""Sending a plan's invoices one after another, beside its steps, so that no step ever waits for Stripe."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.collection import CollectionActivities
    from billflow.domain.invoicing.draft import InvoiceKind
    from billflow.models.contracts.adjustments import CloseInvoiceInput
    from billflow.models.contracts.invoices import CollectionOutcome, InvoiceStatus, InvoiceSummary
    from billflow.models.contracts.mail import NotificationInput
    from billflow.models.contracts.plans import PlanState
    from billflow.temporal.priorities import PERSON_WAITS
    from billflow.temporal.workflow_starts import (
        close_invoice_workflow,
        collection_workflow,
        mail_workflow,
        title_of,
    )
    from billflow.workflows import external
    from billflow.workflows.activity_execution import SEND_WINDOW, Tolerated, at_stripe

OnOutcome = Callable[[InvoiceSummary, CollectionOutcome], bool]
"""Takes each outcome; returns whether nothing is left to collect."""


class InvoiceSender:
    """A queue of invoices and the one task that works it off, oldest first.

    What is not paid or voided within the send window is left to a workflow of its own, which outlives this run.
    """

    def __init__(
        self,
        plan: PlanState,
        now: Callable[[], datetime],
        clock_at: Callable[[], datetime | None],
        on_outcome: OnOutcome,
    ) -> None:
        self._plan_id, self._customer_id = plan.plan_id, plan.customer_id
        self._now = now
        self._clock_at = clock_at
        self._on_outcome = on_outcome
        self._queue: deque[InvoiceSummary] = deque()
        self._voids: deque[InvoiceSummary] = deque()
        self._notifications: deque[NotificationInput] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Tell whether everything queued is done or left to a collection."""
        return self._task is None or self._task.done()

    def send(self, invoices: tuple[InvoiceSummary, ...], voided: tuple[InvoiceSummary, ...] = ()) -> None:
        """Queue invoices to be sent, and ones to be voided, in this order."""
        self._queue.extend(invoices)
        self._voids.extend(voided)
        self._begin()

    def notify(self, notification: NotificationInput) -> None:
        """Queue a mail that tells of invoices, for when all of them were sent."""
        self._notifications.append(notification)
        self._begin()

    def _begin(self) -> None:
        if (self._queue or self._voids or self._notifications) and self.is_idle:
            self._task = asyncio.create_task(self._work())

    async def finish(self) -> None:
        """Wait until the queue is empty, and let a fault in it surface."""
        while self._task is not None:
            task, self._task = self._task, None
            await task

    async def _work(self) -> None:
        while self._queue or self._voids or self._notifications:
            while self._queue:
                await self._send_one(self._queue.popleft())
            while self._voids:
                await self._void_one(self._voids.popleft())
            while self._notifications and not self._queue:
                mail = self._notifications.popleft()
                await external.start_workflow(mail_workflow(mail, self._customer_id, self._plan_id))

    async def _void_one(self, invoice: InvoiceSummary) -> None:
        argument = invoice.as_of(self._now())
        with Tolerated("voiding is left to a workflow of its own", invoice_id=invoice.invoice_id):
            return await at_stripe(CollectionActivities.void, argument, f"void {title_of(invoice)}", within=SEND_WINDOW)
        closing = CloseInvoiceInput(**argument.model_dump(), to=InvoiceStatus.VOID)
        await external.start_workflow(close_invoice_workflow(closing, invoice, self._customer_id))
        return None

    async def _send_one(self, invoice: InvoiceSummary) -> None:
        outcome = await self._attempt(invoice)
        if outcome is None or not self._on_outcome(invoice, outcome):
            attempts, clock_at = 0 if outcome is None else 1, self._clock_at()
            collection = collection_workflow(invoice, self._customer_id, attempts=attempts, clock_at=clock_at)
            await external.start_workflow(collection)

    async def _attempt(self, invoice: InvoiceSummary) -> CollectionOutcome | None:
        argument, title = invoice.as_of(self._now()), title_of(invoice)
        with Tolerated("sending is left to the collection", invoice_id=invoice.invoice_id):
            return await at_stripe(
                CollectionActivities.collect, argument, title, within=SEND_WINDOW, urgency=_urgency(invoice)
            )
        return None


def _urgency(invoice: InvoiceSummary) -> int | None:
    """Return how soon an invoice's turn comes: somebody waits for a purchase."""
    return None if invoice.kind is InvoiceKind.RECURRING else PERSON_WAITS
