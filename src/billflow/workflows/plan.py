"""One plan for as long as it lives; each run covers one billing period."""

import asyncio
import contextlib
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from billflow.domain.errors import PlanEnded
    from billflow.domain.plan import PlanStatus
    from billflow.errors import StepFailing
    from billflow.models.contracts.invoices import InvoiceStatusChanged
    from billflow.models.contracts.plans import PlanInput, PlanState, Refusal, StartPlanResult, StepResult
    from billflow.models.contracts.steps import CommandRequest
    from billflow.temporal.search_attributes import attribute_changes, attributes_of
    from billflow.workflows.activity_execution import SEND_WINDOW
    from billflow.workflows.display import details
    from billflow.workflows.inbox import PlanInbox
    from billflow.workflows.invoices import InvoiceSender
    from billflow.workflows.plan_steps import PlanSteps

BETWEEN_TURNS = timedelta(milliseconds=1)
"""How long a plan that has taken some of its signalled commands pauses before it takes more."""

PURCHASE_PATIENCE = timedelta(seconds=60)
"""How long the answer to starting a plan waits for the payment."""


@workflow.defn(name="PlanWorkflow")
class PlanWorkflow:
    """Waits for the plan's next billing date or a command, takes the step, sends what it made, continues as new."""

    @workflow.init
    def __init__(self, run: PlanInput) -> None:
        self._inbox = PlanInbox(run)
        inbox = self._inbox
        self._sender = InvoiceSender(run.state, inbox.now, lambda: inbox.clock_at, inbox.take_outcome)
        self._steps = PlanSteps(run, self._inbox, self._sender)
        self._lock = asyncio.Lock()
        self._shows_once = run.shows_once

    @workflow.run
    async def run(self, run: PlanInput) -> PlanState:
        """Live through one period, or through all that are due; return the plan's last state once it has ended."""
        self._sender.send(run.to_send)
        self._show()
        while not self._run_is_over():
            await self._something_to_do()
            if not self._steps.waits_for_failure:
                async with self._lock:
                    with contextlib.suppress(StepFailing):
                        await self._steps.take_turn()
            self._show()
            if self._steps.has_more:  # ends the workflow task, so that the next one brings updates
                await workflow.sleep(BETWEEN_TURNS, summary="next turn")
        await self._sender.finish()
        if self._steps.state.runs:
            attributes = attributes_of(self._steps.shown())
            workflow.continue_as_new(self._steps.following(), search_attributes=attributes)
        return self._steps.state

    # What callers may send.

    @workflow.update
    async def command(self, request: CommandRequest) -> StepResult:
        """Take a command and answer with the plan and the invoices made; a refusal fails the update with its code."""
        async with self._lock:
            try:
                await self._steps.close_due_cycles()
                result = await self._steps.take_command(request)
                if not result.refused and self._steps.may_decide:
                    refused = await self._steps.decide_cutover()
                    result = result.model_copy(update={"state": self._steps.state, "refused": refused})
            except StepFailing as error:
                raise ApplicationError(error.message, type=error.code) from error
        if result.refused:
            raise _failure(result.refused)
        return result

    @command.validator
    def _plan_has_not_ended(self, request: CommandRequest) -> None:
        if self._steps.state.status is PlanStatus.ENDED:  # all else the step judges by the rows: our state may be older
            raise _failure(Refusal.of(PlanEnded()))

    @workflow.update
    async def started(self) -> StartPlanResult:
        """Wait until a purchase by card is paid or declined, for a minute at most, and answer how it stands."""
        if self._is_buying():
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: not self._is_buying(), timeout=PURCHASE_PATIENCE, timeout_summary="purchase still open"
                )
        return StartPlanResult(state=self._steps.state, outcome=self._steps.purchase_outcome)

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
        """Note that there is what a plan on hold may have waited for, such as seats or an address: try again now."""
        self._inbox.retry_now = True

    @workflow.signal
    def advance_clock(self, to: datetime) -> None:
        """Move the test clock that the plan is attached to forward."""
        self._inbox.move_clock(to)
        self._inbox.retry_now = True

    @workflow.query
    def state(self) -> PlanState:
        """Return the plan as this workflow knows it."""
        return self._steps.shown()

    # When there is something to do.

    def _is_buying(self) -> bool:
        """Tell whether a purchase has no outcome yet, or one that the plan has still to take in."""
        if self._steps.purchase_outcome is not None:
            return False
        awaited = self._steps.state.awaiting_invoice_id is not None or bool(self._inbox.outcomes)
        return awaited or not self._sender.is_idle

    def _run_is_over(self) -> bool:
        if not self._sender.is_idle or not workflow.all_handlers_finished():
            return False
        steps, is_ending = self._steps, workflow.info().is_continue_as_new_suggested()
        if steps.failure:
            return is_ending and steps.state.runs and self._inbox.can_be_carried and not self._inbox.retry_now
        if self._inbox.has_changes or (self._inbox.commands and not steps.leaves_commands):
            return False
        return not steps.state.runs or is_ending or (steps.closed_cycles > 0 and not steps.is_due)

    def _is_awake(self) -> bool:
        steps, inbox = self._steps, self._inbox
        if steps.waits_for_failure:
            return steps.woken or self._run_is_over()
        has_work = inbox.has_changes or (inbox.commands and not steps.leaves_commands)
        is_due = steps.is_due or steps.may_resume or steps.may_decide
        return bool(steps.woken or has_work or is_due) or self._run_is_over()

    async def _something_to_do(self) -> None:
        if not self._is_awake():
            with contextlib.suppress(TimeoutError):
                summary = "try again" if self._steps.failure else "next billing date"
                await workflow.wait_condition(self._is_awake, timeout=self._patience(), timeout_summary=summary)
        self._steps.woken = False

    def _patience(self) -> timedelta | None:
        """Return how long to wait; None where only a signal can wake the plan, or a send that is to end the run."""
        steps = self._steps
        if steps.failure:
            return max(steps.failure.retry_at - workflow.now(), timedelta(0))
        until_due = self._until_due()
        if steps.decides_at is None:
            return until_due
        pause = max(steps.decides_at - workflow.now(), timedelta(0))
        return pause if until_due is None else min(until_due, pause)

    def _until_due(self) -> timedelta | None:
        steps = self._steps
        deadline = steps.retry_at or steps.state.due_at
        if deadline is None or self._inbox.clock_at is not None:
            return None
        remaining = max(deadline - workflow.now(), timedelta(0))
        return None if steps.closed_cycles and remaining > SEND_WINDOW else remaining

    def _show(self) -> None:
        state = self._steps.shown()
        is_left = self._shows_once and self._steps.is_closed
        if not is_left and (changes := attribute_changes(workflow.info().typed_search_attributes, state)):
            workflow.upsert_search_attributes(changes)
        workflow.set_current_details(details(state))


def _failure(refusal: Refusal) -> ApplicationError:
    return ApplicationError(refusal.message, refusal, type=refusal.code, non_retryable=True)
