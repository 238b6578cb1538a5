"""One unpaid invoice, from open to paid or given up."""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from billflow.activities.collection import CollectionActivities
    from billflow.domain.invoicing.draft import InvoiceKind
    from billflow.domain.money import format_amount
    from billflow.domain.plan import CollectionMethod
    from billflow.models.contracts.collection import CollectionPlan, CollectionRun
    from billflow.models.contracts.invoices import (
        Closed,
        CollectAsk,
        CollectionOutcome,
        InvoiceStatus,
        Open,
        Paid,
        Rejected,
    )
    from billflow.models.contracts.steps import InvoiceSettled
    from billflow.temporal.ids import plan_workflow_id
    from billflow.workflows.calls import at_stripe, on_books

REJECTED_RETRY = timedelta(days=1)


@workflow.defn(name="CollectionWorkflow")
class CollectionWorkflow:
    """Waits for the customer to pay, tries the card again by the dunning policy, tells the plan how it ended."""

    @workflow.init
    def __init__(self, run: CollectionRun) -> None:
        self._invoice = run.invoice
        self._delays = run.delays_days
        self._attempts = run.attempts
        self._clock_at = run.clock_at
        self._status: InvoiceStatus | None = None
        self._woken = False
        self._next_attempt_at = self._after_failure() if run.attempts else self._now()

    @workflow.run
    async def run(self, run: CollectionRun) -> InvoiceStatus:
        """Collect the invoice; return how it ended."""
        while self._status is None:
            await self._record_plan()
            if self._status is None:
                await self._next_attempt()
            if self._status is None:
                await self._attempt()
        await self._record_plan()
        await self._tell_plan(self._status)
        return self._status

    @workflow.signal
    def settled(self, news: InvoiceSettled) -> None:
        """Hear, from a webhook or from support, that the invoice was paid or given up."""
        self._status = news.status

    @workflow.signal
    def retry(self) -> None:
        """Try again now, for there is a new payment method."""
        self._woken = True

    @workflow.signal
    def advance_clock(self, to: datetime) -> None:
        """Move the test clock forward."""
        self._clock_at = max(self._clock_at or to, to)

    def _now(self) -> datetime:
        return self._clock_at or workflow.now()

    def _after_failure(self) -> datetime | None:
        """Return when the policy tries again: never for a sent invoice, nor once its attempts are used up."""
        by_card = self._invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
        if not by_card or self._attempts > len(self._delays):
            return None
        return self._now() + timedelta(days=self._delays[self._attempts - 1])

    def _is_time(self) -> bool:
        due = self._next_attempt_at is not None and self._now() >= self._next_attempt_at
        return due or self._woken or self._status is not None

    async def _next_attempt(self) -> None:
        workflow.set_current_details(self._details())
        if self._next_attempt_at is None or self._clock_at is not None:
            await workflow.wait_condition(self._is_time)
            return
        remaining = self._next_attempt_at - workflow.now()
        if remaining > timedelta(0):
            try:
                await workflow.wait_condition(self._is_time, timeout=remaining, timeout_summary="next payment attempt")
            except TimeoutError:
                return

    async def _attempt(self) -> None:
        self._woken = False
        ask = CollectAsk(
            org_id=self._invoice.org_id,
            invoice_id=self._invoice.invoice_id,
            attempt=self._attempts + 1,
            at=self._now(),
        )
        outcome: CollectionOutcome = await at_stripe(
            CollectionActivities.collect, ask, f"payment attempt {ask.attempt}"
        )
        self._attempts = ask.attempt
        self._take(outcome)

    def _take(self, outcome: CollectionOutcome) -> None:
        match outcome:
            case Paid():
                self._status = InvoiceStatus.PAID
            case Closed():
                self._status = InvoiceStatus.VOID
            case Open():
                self._next_attempt_at = None
            case Rejected():
                self._next_attempt_at = self._now() + REJECTED_RETRY
            case _ if self._invoice.kind is InvoiceKind.PURCHASE:
                self._status = InvoiceStatus.VOID
            case _:
                self._next_attempt_at = self._after_failure()

    async def _record_plan(self) -> None:
        plan = CollectionPlan(
            org_id=self._invoice.org_id,
            invoice_id=self._invoice.invoice_id,
            attempt=self._attempts,
            next_attempt_at=self._next_attempt_at if self._status is None else None,
        )
        status = await on_books(CollectionActivities.record_plan, plan, "when to try again")
        # Paid before this workflow was there to hear of it.
        if self._status is None and status not in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN):
            self._status = status

    async def _tell_plan(self, status: InvoiceStatus) -> None:
        if self._invoice.kind is InvoiceKind.RECURRING:
            return
        news = InvoiceSettled(invoice_id=self._invoice.invoice_id, status=status, at=self._now())
        plan = workflow.get_external_workflow_handle(plan_workflow_id(self._invoice.plan_id))
        try:
            await plan.signal("invoice_settled", news)
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.info("the plan's workflow is gone", extra={"plan_id": self._invoice.plan_id})

    def _details(self) -> str:
        amount = format_amount(self._invoice.total, self._invoice.currency)
        if self._next_attempt_at is None:
            return f"{amount} is open after {self._attempts} attempts; waiting for the customer to pay."
        return f"{amount} is open; attempt {self._attempts + 1} at {self._next_attempt_at:%Y-%m-%d %H:%M} UTC."
