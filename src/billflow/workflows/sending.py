"""Sending a plan's invoices one after another, outside its turn, so that nothing ever waits for Stripe."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError, is_cancelled_exception
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from billflow.activities.collection import CollectionActivities
    from billflow.domain.invoicing.draft import InvoiceKind
    from billflow.domain.money import format_amount
    from billflow.models.contracts.collection import CollectionRun
    from billflow.models.contracts.invoices import CollectInput, CollectionOutcome, InvoiceSummary
    from billflow.models.contracts.mail import NotificationInput
    from billflow.temporal.ids import collection_workflow_id
    from billflow.workflows import mailing
    from billflow.workflows.calls import SEND_WINDOW, at_stripe
    from billflow.workflows.collection import CollectionWorkflow

Settled = Callable[[InvoiceSummary, CollectionOutcome], Awaitable[bool]]
"""Told about each outcome; answers whether that was the end of it."""


class InvoiceSender:
    """A queue of invoices and the one task that works it off, oldest first.

    What Stripe has not settled within the send window is handed to a collection workflow, which outlives this run.
    """

    def __init__(
        self, clock: Callable[[], datetime], clock_at: Callable[[], datetime | None], settled: Settled
    ) -> None:
        self._clock = clock
        self._clock_at = clock_at
        self._settled = settled
        self._queue: deque[InvoiceSummary] = deque()
        self._voids: deque[InvoiceSummary] = deque()
        self._mails: deque[NotificationInput] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Tell whether everything handed in is settled or handed on."""
        return self._task is None or self._task.done()

    def send(self, invoices: tuple[InvoiceSummary, ...], voided: tuple[InvoiceSummary, ...] = ()) -> None:
        """Queue invoices to be sent, and ones to be voided, in this order."""
        self._queue.extend(invoices)
        self._voids.extend(voided)
        self._begin()

    def write(self, mail: NotificationInput) -> None:
        """Queue a letter that tells of invoices, for when all of them were sent."""
        self._mails.append(mail)
        self._begin()

    def _begin(self) -> None:
        if (self._queue or self._voids or self._mails) and self.is_idle:
            self._task = asyncio.create_task(self._work())

    async def finish(self) -> None:
        """Wait until the queue is empty, and let a fault in it surface."""
        while self._task is not None:
            task, self._task = self._task, None
            await task

    async def _work(self) -> None:
        while self._queue or self._voids or self._mails:
            while self._queue:
                await self._send_one(self._queue.popleft())
            while self._voids:
                await self._void_one(self._voids.popleft())
            while self._mails and not self._queue:
                await mailing.write(self._mails.popleft())

    async def _send_one(self, invoice: InvoiceSummary) -> None:
        outcome = await self._attempt(invoice)
        over = outcome is not None and await self._settled(invoice, outcome)
        if not over:
            await self._hand_over(invoice, answered=outcome is not None)

    async def _attempt(self, invoice: InvoiceSummary) -> CollectionOutcome | None:
        ask = CollectInput(org_id=invoice.org_id, invoice_id=invoice.invoice_id, at=self._clock())
        try:
            return await at_stripe(CollectionActivities.collect, ask, _summary(invoice), within=SEND_WINDOW)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("sending is left to the collection", extra={"invoice_id": invoice.invoice_id})
            return None

    async def _hand_over(self, invoice: InvoiceSummary, *, answered: bool) -> None:
        run = CollectionRun(invoice=invoice, attempts=1 if answered else 0, clock_at=self._clock_at())
        try:
            await workflow.start_child_workflow(
                CollectionWorkflow.run,
                run,
                id=collection_workflow_id(invoice.invoice_id),
                parent_close_policy=ParentClosePolicy.ABANDON,
                static_summary=_summary(invoice),
            )
        except WorkflowAlreadyStartedError:
            workflow.logger.info("a collection is under way already", extra={"invoice_id": invoice.invoice_id})

    async def _void_one(self, invoice: InvoiceSummary) -> None:
        ask = CollectInput(org_id=invoice.org_id, invoice_id=invoice.invoice_id, at=self._clock())
        await at_stripe(CollectionActivities.void, ask, f"void {_summary(invoice)}")


def _summary(invoice: InvoiceSummary) -> str:
    kind = "purchase" if invoice.kind is not InvoiceKind.RECURRING else "invoice"
    return f"{kind} of {invoice.issued_at:%Y-%m-%d}, {format_amount(invoice.total, invoice.currency)}"
