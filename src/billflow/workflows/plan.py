"""One plan for as long as it lives; each run covers one billing period."""

import asyncio
import contextlib
from collections import deque
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from billflow.activities.steps import StepActivities
    from billflow.domain.errors import BillingError
    from billflow.domain.invoicing.draft import InvoiceKind
    from billflow.domain.lifecycle import check_command
    from billflow.models.contracts.invoices import (
        Closed,
        CollectionOutcome,
        Declined,
        InvoiceStatus,
        InvoiceSummary,
        Paid,
    )
    from billflow.models.contracts.mail import NotificationInput, Occasion
    from billflow.models.contracts.plans import PlanRun, PlanStarted, PlanState, Refusal, StepResult
    from billflow.models.contracts.steps import (
        AbandonInput,
        ActivateInput,
        BackfillInput,
        BillingDateInput,
        CommandInput,
        CommandRequest,
        InvoicePaymentResult,
        PlanRef,
        ResumeInput,
    )
    from billflow.temporal.ids import plan_workflow_id
    from billflow.workflows.calls import SEND_WINDOW, on_books
    from billflow.workflows.display import attribute_changes, details, search_attributes
    from billflow.workflows.sending import InvoiceSender

ON_HOLD_RETRY = timedelta(hours=1)
"""How often a plan on hold looks whether its cause is gone."""

BEHIND = timedelta(days=1)
"""From how much delay on a billing date counts as late, and its invoice as one to tell of when all are made."""

PURCHASE_PATIENCE = timedelta(seconds=60)
"""How long an answer to starting a plan waits for the payment."""


@workflow.defn(name="PlanWorkflow")
class PlanWorkflow:
    """Waits for the plan's next billing date or a command, takes the step, sends what it produced, continues as new."""

    @workflow.init
    def __init__(self, run: PlanRun) -> None:
        self._state = run.state
        self._turn = asyncio.Lock()
        self._sender = InvoiceSender(self._now, lambda: self._state.clock_at, self._invoice_answered)
        self._signalled: deque[CommandRequest] = deque()
        self._news: deque[InvoicePaymentResult] = deque()
        self._customer_changed = False
        self._woken = bool(run.backfilled)
        self._retry_at: datetime | None = None
        self._closed_billing_dates = 0
        self._backfilled = list(run.backfilled)
        self._purchase_outcome: CollectionOutcome | None = None

    @workflow.run
    async def run(self, run: PlanRun) -> PlanState:
        """Live through one period, or through all that are due; return the plan's last state once it has ended."""
        self._sender.send(run.to_send)
        self._show()
        while not self._run_is_over():
            await self._something_to_do()
            async with self._turn:
                await self._take_what_came()
                await self._close_due_billing_dates()
            self._show()
        await self._sender.finish()
        if self._state.runs:
            workflow.continue_as_new(PlanRun(state=self._state, backfilled=tuple(self._backfilled)))
        return self._state

    # What callers may ask and tell.

    @workflow.update
    async def command(self, request: CommandRequest) -> StepResult:
        """Take a command and answer with the plan and the invoices made; a refusal fails the update with its code."""
        async with self._turn:
            await self._close_due_billing_dates()
            result = await self._take_command(request)
        if result.refused:
            raise ApplicationError(result.refused.message, result.refused, type=result.refused.code, non_retryable=True)
        return result

    @command.validator
    def _command_is_possible(self, request: CommandRequest) -> None:
        try:
            check_command(self._state, request.command)
        except BillingError as error:
            refusal = Refusal(code=error.code, message=error.message, field=error.field)
            raise ApplicationError(error.message, refusal, type=error.code, non_retryable=True) from error

    @workflow.update
    async def started(self) -> PlanStarted:
        """Wait until a purchase by card is paid or declined, for a minute at most, and answer how it stands."""
        if self._is_buying():
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: not self._is_buying(), timeout=PURCHASE_PATIENCE, timeout_summary="purchase still open"
                )
        return PlanStarted(state=self._state, outcome=self._purchase_outcome)

    @workflow.signal(name="command")
    def command_signalled(self, request: CommandRequest) -> None:
        """Take a command that nobody waits for; a refusal goes to the audit log."""
        self._signalled.append(request)

    @workflow.signal(name="invoice_closed")
    def invoice_closed(self, effects: InvoicePaymentResult) -> None:
        """Hear that an invoice of the plan was paid or given up."""
        self._news.append(effects)

    @workflow.signal(name="customer_changed")
    def customer_changed(self) -> None:
        """Hear that the customer was suspended, reactivated or changed: look at the records again."""
        self._customer_changed = True

    @workflow.signal(name="seats_reported")
    def seats_reported(self) -> None:
        """Hear that there are seats a plan on hold may have waited for: try again now."""
        self._retry_at = None
        self._woken = True

    @workflow.signal(name="advance_clock")
    def advance_clock(self, to: datetime) -> None:
        """Move the test clock the plan hangs on forward."""
        self._set_clock(to)
        self._retry_at = None
        self._woken = True

    @workflow.query(name="state")
    def state(self) -> PlanState:
        """Return the plan as this workflow knows it."""
        return self._state

    # When there is something to do.

    def _now(self) -> datetime:
        return self._state.clock_at or workflow.now()

    def _is_due(self) -> bool:
        due_at = self._state.due_at
        return due_at is not None and self._now() >= due_at and self._may_try()

    def _may_resume(self) -> bool:
        return self._state.resume_due and self._may_try()

    def _may_try(self) -> bool:
        return self._retry_at is None or self._now() >= self._retry_at

    def _is_buying(self) -> bool:
        """Tell whether a purchase has no answer yet, or one that the plan has still to take in."""
        if self._purchase_outcome is not None:
            return False
        return self._state.awaiting_invoice_id is not None or not self._sender.is_idle

    def _has_mail(self) -> bool:
        return bool(self._signalled or self._news or self._customer_changed)

    def _run_is_over(self) -> bool:
        if self._has_mail() or not self._sender.is_idle or not workflow.all_handlers_finished():
            return False
        if not self._state.runs or workflow.info().is_continue_as_new_suggested():
            return True
        return self._closed_billing_dates > 0 and not self._is_due()

    async def _something_to_do(self) -> None:
        def awake() -> bool:
            return self._woken or self._has_mail() or self._is_due() or self._may_resume() or self._run_is_over()

        if not awake():
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(awake, timeout=self._patience(), timeout_summary="next billing date")
        self._woken = False

    def _patience(self) -> timedelta | None:
        """Return how long to wait; None where only news can wake the plan, or a send that is about to end the run."""
        deadline = self._retry_at or self._state.due_at
        if deadline is None or self._state.clock_at is not None:
            return None
        remaining = max(deadline - workflow.now(), timedelta(0))
        return None if self._closed_billing_dates and remaining > SEND_WINDOW else remaining

    # What is done, each under the plan's turn.

    async def _take_what_came(self) -> None:
        while self._news:
            await self._hear(self._news.popleft())
        if self._customer_changed:
            self._customer_changed = False
            await self._look_at_customer()
        while self._signalled:
            await self._close_due_billing_dates()
            await self._take_command(self._signalled.popleft())

    async def _close_due_billing_dates(self) -> None:
        if self._may_resume():
            await self._resume()
        while self._is_due() and self._state.due_at and not workflow.info().is_continue_as_new_suggested():
            if not await self._process_billing_date(self._state.due_at):
                break
            self._closed_billing_dates += 1
        if self._backfilled and not self._is_due():
            await self._announce_backfill()

    async def _process_billing_date(self, at: datetime) -> bool:
        behind = self._now() - at >= BEHIND
        ask = BillingDateInput(org_id=self._state.org_id, plan_id=self._state.plan_id, at=at, behind=behind)
        result = await on_books(StepActivities.process_billing_date, ask, f"boundary {at:%Y-%m-%d %H:%M}")
        if behind:
            self._backfilled += [invoice.invoice_id for invoice in result.invoices]
        return await self._accept_or_hold(result)

    async def _announce_backfill(self) -> None:
        made, self._backfilled = tuple(self._backfilled), []
        ask = BackfillInput(org_id=self._state.org_id, plan_id=self._state.plan_id, invoice_ids=made, at=self._now())
        await on_books(StepActivities.announce_backfill, ask, f"one notice of {len(made)} late invoices")
        self._sender.write(
            NotificationInput(
                org_id=ask.org_id, invoice_id=made[-1], occasion=Occasion.BACKFILLED, at=ask.at, together=made
            )
        )

    async def _take_command(self, request: CommandRequest) -> StepResult:
        ask = CommandInput(
            org_id=self._state.org_id,
            plan_id=self._state.plan_id,
            at=self._now(),
            command_id=request.command_id,
            command=request.command,
            actor=request.actor,
            request_id=request.request_id,
        )
        result = await on_books(StepActivities.take_command, ask, request.command.type)
        self._retry_at = None
        await self._accept(result)
        return result

    async def _hear(self, effects: InvoicePaymentResult) -> None:
        if effects.invoice_id != self._state.awaiting_invoice_id:
            return
        if effects.status is InvoiceStatus.PAID:
            await self._activate(effects.invoice_id)
        else:
            await self._abandon(effects.invoice_id, "purchase_given_up")

    async def _invoice_answered(self, invoice: InvoiceSummary, outcome: CollectionOutcome) -> bool:
        """Take in what Stripe said about an invoice; return whether that settles it."""
        if invoice.kind is InvoiceKind.PURCHASE:
            async with self._turn:
                await self._take_answer(invoice.invoice_id, outcome)
            self._purchase_outcome, self._woken = outcome, True
            return isinstance(outcome, Paid | Declined | Closed)
        return isinstance(outcome, Paid | Closed)

    async def _take_answer(self, invoice_id: str, outcome: CollectionOutcome) -> None:
        if invoice_id != self._state.awaiting_invoice_id:
            return
        if isinstance(outcome, Paid):
            await self._activate(invoice_id)
        elif isinstance(outcome, Declined | Closed):
            await self._abandon(invoice_id, "purchase_declined")

    async def _activate(self, invoice_id: str) -> None:
        ask = ActivateInput(
            org_id=self._state.org_id, plan_id=self._state.plan_id, invoice_id=invoice_id, at=self._now()
        )
        await self._accept(await on_books(StepActivities.activate, ask, "purchase paid: the plan starts"))

    async def _abandon(self, invoice_id: str, reason: str) -> None:
        ask = AbandonInput(
            org_id=self._state.org_id,
            plan_id=self._state.plan_id,
            invoice_id=invoice_id,
            reason=reason,
            at=self._now(),
        )
        await self._accept(await on_books(StepActivities.abandon, ask, "purchase given up"))

    async def _look_at_customer(self) -> None:
        plan = PlanRef(org_id=self._state.org_id, plan_id=self._state.plan_id)
        self._set_state(await on_books(StepActivities.plan_state, plan, "the customer changed"))

    async def _resume(self) -> None:
        ask = ResumeInput(org_id=self._state.org_id, plan_id=self._state.plan_id, at=self._now())
        await self._accept_or_hold(await on_books(StepActivities.resume, ask, "billing resumes"))

    async def _accept_or_hold(self, result: StepResult) -> bool:
        """Take in a step's result; return whether it was taken, or waits for its cause to go away."""
        await self._accept(result)
        on_hold = result.state.attention is not None
        self._retry_at = self._now() + ON_HOLD_RETRY if on_hold else None
        return not on_hold

    async def _accept(self, result: StepResult) -> None:
        self._set_state(result.state)
        self._sender.send(result.invoices, result.voided)
        self._woken = True
        if result.successor:
            await self._start_successor(result.successor)

    async def _start_successor(self, successor: PlanState) -> None:
        try:
            await workflow.start_child_workflow(
                PlanWorkflow.run,
                PlanRun(state=successor, backfilled=tuple(self._backfilled)),
                id=plan_workflow_id(successor.plan_id),
                parent_close_policy=ParentClosePolicy.ABANDON,
                search_attributes=search_attributes(successor),
                static_summary=f"{successor.tier_name}, {successor.schedule}",
            )
            self._backfilled = []
        except WorkflowAlreadyStartedError:
            workflow.logger.info("the successor runs already", extra={"plan_id": successor.plan_id})

    def _set_state(self, state: PlanState) -> None:
        clock_at = self._state.clock_at
        self._state = state
        if clock_at is not None:
            self._set_clock(clock_at)

    def _set_clock(self, to: datetime) -> None:
        self._state = self._state.model_copy(update={"clock_at": max(self._state.clock_at or to, to)})

    def _show(self) -> None:
        changes = attribute_changes(workflow.info().typed_search_attributes, self._state)
        if changes:
            workflow.upsert_search_attributes(changes)
        workflow.set_current_details(details(self._state))
