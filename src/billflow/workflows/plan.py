"""One plan for as long as it lives; each run covers one billing period."""

import asyncio
import contextlib
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from billflow.activities.steps import StepActivities
    from billflow.domain.errors import PlanEnded
    from billflow.domain.invoicing.draft import InvoiceKind
    from billflow.domain.plan import PlanStatus
    from billflow.models.contracts.invoices import (
        Closed,
        CollectionOutcome,
        Declined,
        InvoiceStatus,
        InvoiceStatusChanged,
        InvoiceSummary,
        Paid,
    )
    from billflow.models.contracts.mail import NotificationInput, Occasion
    from billflow.models.contracts.plans import PlanInput, PlanState, Refusal, StartPlanResult, StepResult
    from billflow.models.contracts.steps import (
        AbandonInput,
        ActivateInput,
        BackfillInput,
        CloseCycleInput,
        CommandInput,
        CommandRequest,
        ResumeInput,
    )
    from billflow.temporal.search_attributes import attribute_changes, attributes_of
    from billflow.temporal.workflow_starts import plan_workflow
    from billflow.workflows import external
    from billflow.workflows.activity_execution import SEND_WINDOW, in_database
    from billflow.workflows.display import details
    from billflow.workflows.inbox import PlanInbox
    from billflow.workflows.invoices import InvoiceSender

HOLD_RETRY = timedelta(hours=1)
"""How often a plan on hold looks whether its cause is gone."""

BACKFILL_DELAY = timedelta(days=1)
"""From how much delay on an invoice counts as made late, and is one to tell of when all are made."""

PURCHASE_PATIENCE = timedelta(seconds=60)
"""How long the answer to starting a plan waits for the payment."""


@workflow.defn(name="PlanWorkflow")
class PlanWorkflow:
    """Waits for the plan's next billing date or a command, takes the step, sends what it made, continues as new."""

    @workflow.init
    def __init__(self, run: PlanInput) -> None:
        self._state = run.state
        self._inbox = PlanInbox(run.state.clock_at)
        self._lock = asyncio.Lock()
        self._sender = InvoiceSender(run.state, self._inbox.now, lambda: self._inbox.clock_at, self._take_outcome)
        self._woken = bool(run.backfilled)
        self._retry_at: datetime | None = None
        self._closed_cycles = 0
        self._backfilled = run.backfilled
        self._purchase_outcome: CollectionOutcome | None = None

    @workflow.run
    async def run(self, run: PlanInput) -> PlanState:
        """Live through one period, or through all that are due; return the plan's last state once it has ended."""
        self._sender.send(run.to_send)
        self._show()
        while not self._run_is_over():
            await self._something_to_do()
            async with self._lock:
                await self._take_inbox()
                await self._close_due_cycles()
            self._show()
        await self._sender.finish()
        if self._state.runs:
            following = PlanInput(state=self._state, backfilled=self._backfilled)
            workflow.continue_as_new(following, search_attributes=attributes_of(self._state))
        return self._state

    # What callers may send.

    @workflow.update
    async def command(self, request: CommandRequest) -> StepResult:
        """Take a command and answer with the plan and the invoices made; a refusal fails the update with its code."""
        async with self._lock:
            await self._close_due_cycles()
            result = await self._take_command(request)
        if result.refused:
            raise _failure(result.refused)
        return result

    @command.validator
    def _plan_has_not_ended(self, request: CommandRequest) -> None:
        if self._state.status is PlanStatus.ENDED:  # all else the step judges by the rows: our state may be older
            raise _failure(Refusal.of(PlanEnded()))

    @workflow.update
    async def started(self) -> StartPlanResult:
        """Wait until a purchase by card is paid or declined, for a minute at most, and answer how it stands."""
        if self._is_buying():
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: not self._is_buying(), timeout=PURCHASE_PATIENCE, timeout_summary="purchase still open"
                )
        return StartPlanResult(state=self._state, outcome=self._purchase_outcome)

    @workflow.signal(name="command")
    def command_signalled(self, request: CommandRequest) -> None:
        """Take a command that nobody waits for; a refusal goes to the audit log."""
        self._inbox.commands.append(request)

    @workflow.signal
    def invoice_status_changed(self, change: InvoiceStatusChanged) -> None:
        """Note that an invoice of the plan was paid, voided or marked uncollectible."""
        self._inbox.invoice_changes.append(change)

    @workflow.signal
    def customer_changed(self) -> None:
        """Note that the customer was suspended, reactivated or changed: look into the database again."""
        self._inbox.customer_changed = True

    @workflow.signal
    def seats_reported(self) -> None:
        """Note that there are seats a plan on hold may have waited for: try again now."""
        self._inbox.retry_now = True

    @workflow.signal
    def advance_clock(self, to: datetime) -> None:
        """Move the test clock that the plan is attached to forward."""
        self._inbox.move_clock(to)
        self._inbox.retry_now = True

    @workflow.query
    def state(self) -> PlanState:
        """Return the plan as this workflow knows it."""
        return self._state

    # When there is something to do.

    def _is_due(self) -> bool:
        due_at = self._state.due_at
        return due_at is not None and self._inbox.now() >= due_at and self._may_try()

    def _may_resume(self) -> bool:
        return self._state.resume_due and self._may_try()

    def _may_try(self) -> bool:
        return self._retry_at is None or self._inbox.now() >= self._retry_at

    def _is_buying(self) -> bool:
        """Tell whether a purchase has no outcome yet, or one that the plan has still to take in."""
        if self._purchase_outcome is not None:
            return False
        return self._state.awaiting_invoice_id is not None or not self._sender.is_idle

    def _run_is_over(self) -> bool:
        if not self._inbox.is_empty or not self._sender.is_idle or not workflow.all_handlers_finished():
            return False
        if not self._state.runs or workflow.info().is_continue_as_new_suggested():
            return True
        return self._closed_cycles > 0 and not self._is_due()

    async def _something_to_do(self) -> None:
        def awake() -> bool:
            is_awake = self._woken or not self._inbox.is_empty
            return is_awake or self._is_due() or self._may_resume() or self._run_is_over()

        if not awake():
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(awake, timeout=self._patience(), timeout_summary="next billing date")
        self._woken = False

    def _patience(self) -> timedelta | None:
        """Return how long to wait; None where only a signal can wake the plan, or a send that is to end the run."""
        deadline = self._retry_at or self._state.due_at
        if deadline is None or self._inbox.clock_at is not None:
            return None
        remaining = max(deadline - workflow.now(), timedelta(0))
        return None if self._closed_cycles and remaining > SEND_WINDOW else remaining

    # What is done, one step at a time.

    async def _take_inbox(self) -> None:
        while self._inbox.invoice_changes:
            change = self._inbox.invoice_changes.popleft()
            paid = change.status is InvoiceStatus.PAID
            await self._end_purchase(change.invoice_id, "purchase_given_up", paid=paid)
        if self._inbox.customer_changed:
            self._inbox.customer_changed = False
            self._set_state(await in_database(StepActivities.plan_state, self._state.ref, "the customer changed"))
        while self._inbox.commands:
            await self._close_due_cycles()
            await self._take_command(self._inbox.commands.popleft())

    async def _close_due_cycles(self) -> None:
        if self._inbox.retry_now:
            self._inbox.retry_now, self._retry_at = False, None
            self._set_state(self._state)
        if self._may_resume():
            await self._resume()
        while self._is_due() and self._state.due_at and not workflow.info().is_continue_as_new_suggested():
            if not await self._close_cycle(self._state.due_at):
                break
            self._closed_cycles += 1
        if self._backfilled and not self._is_due():
            await self._record_backfill()

    async def _close_cycle(self, at: datetime) -> bool:
        late = self._inbox.now() - at >= BACKFILL_DELAY
        step = CloseCycleInput(plan=self._state.ref, at=at, backfill=late)
        result = await in_database(StepActivities.close_cycle, step, f"billing date {at:%Y-%m-%d %H:%M}")
        if late:
            self._backfilled += tuple(invoice.invoice_id for invoice in result.invoices)
        return await self._accept_or_hold(result)

    async def _record_backfill(self) -> None:
        made, self._backfilled = self._backfilled, ()
        step = BackfillInput(plan=self._state.ref, invoice_ids=made, at=self._inbox.now())
        await in_database(StepActivities.record_backfill, step, f"one notice of {len(made)} late invoices")
        self._sender.notify(
            NotificationInput(
                org_id=step.plan.org_id, invoice_id=made[-1], occasion=Occasion.BACKFILL, at=step.at, together=made
            )
        )

    async def _take_command(self, request: CommandRequest) -> StepResult:
        step = CommandInput(**dict(request), plan=self._state.ref, at=self._inbox.now())
        result = await in_database(StepActivities.take_command, step, request.command.type)
        self._retry_at = None
        await self._accept(result)
        return result

    async def _take_outcome(self, invoice: InvoiceSummary, outcome: CollectionOutcome) -> bool:
        """Take in what came of collecting an invoice; return whether nothing is left to collect."""
        if invoice.kind is not InvoiceKind.PURCHASE:
            return isinstance(outcome, Paid | Closed)
        is_over = isinstance(outcome, Paid | Declined | Closed)
        if is_over:
            async with self._lock:
                await self._end_purchase(invoice.invoice_id, "purchase_declined", paid=isinstance(outcome, Paid))
        self._purchase_outcome, self._woken = outcome, True
        return is_over

    async def _end_purchase(self, invoice_id: str, reason: str, *, paid: bool) -> None:
        """Start the plan whose purchase was paid, or end it for *reason*; other invoices change nothing."""
        if invoice_id != self._state.awaiting_invoice_id:
            return
        plan, at = self._state.ref, self._inbox.now()
        if paid:
            start = ActivateInput(plan=plan, invoice_id=invoice_id, at=at)
            result = await in_database(StepActivities.activate, start, "purchase paid: the plan starts")
        else:
            end = AbandonInput(plan=plan, invoice_id=invoice_id, reason=reason, at=at)
            result = await in_database(StepActivities.abandon, end, "purchase given up")
        await self._accept(result)

    async def _resume(self) -> None:
        step = ResumeInput(plan=self._state.ref, at=self._inbox.now())
        await self._accept_or_hold(await in_database(StepActivities.resume, step, "billing resumes"))

    async def _accept_or_hold(self, result: StepResult) -> bool:
        """Take in a step's result; return whether it was taken, or waits for its cause to go away."""
        await self._accept(result)
        on_hold = result.state.attention is not None
        self._retry_at = self._inbox.now() + HOLD_RETRY if on_hold else None
        return not on_hold

    async def _accept(self, result: StepResult) -> None:
        self._set_state(result.state)
        self._sender.send(result.invoices, result.voided)
        self._woken = True
        if result.successor:
            successor = PlanInput(state=result.successor, backfilled=self._backfilled)
            if await external.start_workflow(plan_workflow(successor)):
                self._backfilled = ()

    def _set_state(self, state: PlanState) -> None:
        self._inbox.move_clock(state.clock_at)
        self._state = state.model_copy(update={"clock_at": self._inbox.clock_at})

    def _show(self) -> None:
        changes = attribute_changes(workflow.info().typed_search_attributes, self._state)
        if changes:
            workflow.upsert_search_attributes(changes)
        workflow.set_current_details(details(self._state))


def _failure(refusal: Refusal) -> ApplicationError:
    return ApplicationError(refusal.message, refusal, type=refusal.code, non_retryable=True)
