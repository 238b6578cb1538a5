"""The steps of a plan's run: taken one at a time, and tried again later where one fails."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from billflow.activities.steps import StepActivities
    from billflow.errors import StepFailing
    from billflow.models.contracts.invoices import CollectionOutcome, InvoiceStatus, Paid
    from billflow.models.contracts.mail import NotificationInput, Occasion
    from billflow.models.contracts.plans import PlanInput, PlanState, Refusal, StepResult
    from billflow.models.contracts.steps import (
        AbandonInput,
        ActivateInput,
        BackfillInput,
        CloseCycleInput,
        CommandInput,
        CommandRequest,
        CommandsInput,
        KnownPlan,
        ResumeInput,
    )
    from billflow.temporal.workflow_starts import plan_workflow
    from billflow.workflows import external
    from billflow.workflows.activity_execution import Input, Result, try_in_database
    from billflow.workflows.cutovers import CutoverDecision
    from billflow.workflows.failures import attention, failed
    from billflow.workflows.inbox import PlanInbox
    from billflow.workflows.invoices import InvoiceSender

HOLD_RETRY = timedelta(hours=1)
"""How often a plan on hold looks whether its cause is gone."""

BACKFILL_DELAY = timedelta(days=1)
"""From how much delay on an invoice counts as made late, and is one to tell of when all are made."""

TOGETHER = 25
"""Signalled commands that one turn takes: a second's work, for which a client's own command may have to wait."""

BY_TURNS = "commands-by-turns"
"""The patch that takes signalled commands together, turn by turn, and leaves them to the next run where one ends."""


class PlanSteps:
    """What a run has done and does next; whoever takes a step holds the run's lock.

    `state` is what the last step left, `failure` the step that fails now, `retry_at` when a plan on hold looks again.
    Whatever takes steps raises `StepFailing`, and leaves in the inbox what it did not take in.
    """

    def __init__(self, run: PlanInput, inbox: PlanInbox, sender: InvoiceSender) -> None:
        self.state = run.state
        self.failure = run.failure
        self.retry_at: datetime | None = None
        self.closed_cycles = 0
        self.woken = bool(run.backfilled)
        self.purchase_outcome: CollectionOutcome | None = None
        self._backfilled = run.backfilled
        self._newest_missed = 0
        self.has_more = False
        self._ends = False
        self._cutover = CutoverDecision()
        self._inbox = inbox
        self._sender = sender

    # What there is to do, and what is shown.

    @property
    def is_due(self) -> bool:
        """Tell whether a billing date has come, and the plan is not on hold at it."""
        due_at = self.state.due_at
        return due_at is not None and self._inbox.now() >= due_at and self._may_try

    @property
    def may_resume(self) -> bool:
        """Tell whether billing is to resume, and is not on hold."""
        return self.state.resume_due and self._may_try

    @property
    def waits_for_failure(self) -> bool:
        """Tell whether a step fails, its pause is not over, and nothing has come that ends it."""
        return self.failure is not None and workflow.now() < self.failure.retry_at and not self._inbox.retry_now

    @property
    def may_decide(self) -> bool:
        """Tell whether Stripe is to be asked now how the old subscription stands."""
        return self._cutover.may_decide(self.state)

    @property
    def decides_at(self) -> datetime | None:
        """Return when Stripe is asked again, None where nothing is open."""
        waiting = self._cutover.waiting(self.state)
        return waiting.retry_at if waiting else None

    @property
    def is_closed(self) -> bool:
        """Tell whether the run has taken its one billing date, and nothing is to be looked at."""
        is_quiet = self.state.runs and not self.failure and self.state.attention is None
        return is_quiet and self.closed_cycles == 1 and not self.is_due

    @property
    def leaves_commands(self) -> bool:
        """Tell whether the commands that wait are left to the next run."""
        return self._ends and self._inbox.can_be_carried

    @property
    def _may_try(self) -> bool:
        return self.retry_at is None or self._inbox.now() >= self.retry_at

    def shown(self) -> PlanState:
        """Return the plan as people see it: with the attention it needs where a step fails."""
        failure = self.failure or self._cutover.waiting(self.state)
        return self.state.model_copy(update={"attention": attention(failure)}) if failure else self.state

    def following(self) -> PlanInput:
        """Return the input of the next run."""
        state = self.state.model_copy(update={"clock_at": self._inbox.clock_at})
        waiting, failure = self._inbox.carried(), self.failure
        return PlanInput(state=state, backfilled=self._backfilled, waiting=waiting, failure=failure, shows_once=True)

    # What is done.

    async def take_turn(self) -> None:
        """Take in what waits and do what is due; `has_more` tells afterwards that commands are left to another turn."""
        failure, self.has_more = self.failure, False
        await self._take_inbox()
        await self.close_due_cycles()
        if self.may_decide:
            await self.decide_cutover()
        if failure and self.failure is failure:
            # What failed was a caller's command, which is gone: look whether the next one would be taken.
            await self._read("is the plan there?")

    async def _take_inbox(self) -> None:
        await self._take_outcomes()
        while self._inbox.invoice_changes:
            change = self._inbox.invoice_changes[0]
            paid = change.status is InvoiceStatus.PAID
            await self._end_purchase(change.invoice_id, "purchase_given_up", paid=paid)
            self._inbox.invoice_changes.popleft()
        if self._inbox.customer_changed:
            await self._read("the customer changed")
            self._inbox.customer_changed = False
        while self._inbox.commands and not self.leaves_commands:
            await self.close_due_cycles()
            await self._take_commands()
            if self._inbox.commands and workflow.patched(BY_TURNS):
                self.has_more = True
                self._ends = workflow.info().is_continue_as_new_suggested() and self.state.runs
                return

    async def _read(self, summary: str) -> None:
        """Read the plan, and take in what was done before whose answer was lost with a worker."""
        known = KnownPlan(**dict(self.state.ref), version=self.state.version)
        read = await self._step(StepActivities.plan_state, known, summary)
        if missed := read.missed:
            self._backfilled += missed.late
            self.closed_cycles += missed.closed_cycles
            await self._accept(missed.result)
            self._newest_missed = missed.result.state.version
        self._set_state(PlanState(**{name: getattr(read, name) for name in PlanState.model_fields}))

    async def close_due_cycles(self) -> None:
        """Do whatever is due, oldest first."""
        if self._inbox.retry_now:
            self._inbox.retry_now, self.retry_at = False, None
            self._cutover.try_now()
            self._set_state(self.state)
        if self.may_resume:
            await self._accept_or_hold(await self._step(StepActivities.resume, self._resume(), "billing resumes"))
        while self.is_due and self.state.due_at:
            ending = workflow.info().is_continue_as_new_suggested()
            if ending and not workflow.patched("due-dates-first"):
                break
            if self._cutover.is_needed(self.state, self.state.due_at):
                await self.decide_cutover()
            if not await self._close_cycle(self.state.due_at):
                break
            self.closed_cycles += 1
        if self._backfilled and not self.is_due:
            await self._record_backfill()

    async def take_command(self, request: CommandRequest) -> StepResult:
        """Take one command; a refusal is a result."""
        step = CommandInput(**dict(request), plan=self.state.ref, at=self._inbox.now())
        result = await self._step(StepActivities.take_command, step, request.command.type)
        self.retry_at = None
        self._cutover.try_now()
        await self._accept(result)
        return result

    async def decide_cutover(self) -> Refusal | None:
        """Find out how the old subscription stands, and return why it can't be told to end, or to go on."""
        decided = await self._cutover.decide(self.state, self._inbox.now())
        if decided is None:
            return None
        await self._accept_or_hold(decided.result)
        return decided.refused

    async def _take_commands(self) -> None:
        several = tuple(islice(self._inbox.commands, TOGETHER))
        if len(several) == 1 or not workflow.patched(BY_TURNS):
            await self.take_command(several[0])
            self._inbox.commands.popleft()
            return
        step = CommandsInput(plan=self.state.ref, at=self._inbox.now(), requests=several)
        answered = await self._step(StepActivities.take_commands, step, f"{len(several)} commands")
        for _ in range(answered.count):
            self._inbox.commands.popleft()
        self.retry_at = None
        await self._accept(answered.result)

    async def _take_outcomes(self) -> None:
        while self._inbox.outcomes:
            purchase = self._inbox.outcomes[0]
            if purchase.is_final:
                paid = isinstance(purchase.outcome, Paid)
                await self._end_purchase(purchase.invoice_id, "purchase_declined", paid=paid)
            self.purchase_outcome, self.woken = self._inbox.outcomes.popleft().outcome, True

    async def _close_cycle(self, at: datetime) -> bool:
        late = self._inbox.now() - at >= BACKFILL_DELAY
        step = CloseCycleInput(plan=self.state.ref, at=at, backfill=late)
        result = await self._step(StepActivities.close_cycle, step, f"billing date {at:%Y-%m-%d %H:%M}")
        if late:
            self._backfilled += tuple(invoice.invoice_id for invoice in result.invoices)
        return await self._accept_or_hold(result)

    async def _record_backfill(self) -> None:
        made = self._backfilled
        step = BackfillInput(plan=self.state.ref, invoice_ids=made, at=self._inbox.now())
        await self._step(StepActivities.record_backfill, step, f"one notice of {len(made)} late invoices")
        self._backfilled = ()
        self._sender.notify(
            NotificationInput(
                org_id=step.plan.org_id, invoice_id=made[-1], occasion=Occasion.BACKFILL, at=step.at, together=made
            )
        )

    async def _end_purchase(self, invoice_id: str, reason: str, *, paid: bool) -> None:
        """Start the plan whose purchase was paid, or end it for *reason*; other invoices change nothing."""
        if invoice_id != self.state.awaiting_invoice_id:
            return
        plan, at = self.state.ref, self._inbox.now()
        if paid:
            start = ActivateInput(plan=plan, invoice_id=invoice_id, at=at)
            result = await self._step(StepActivities.activate, start, "purchase paid: the plan starts")
        else:
            end = AbandonInput(plan=plan, invoice_id=invoice_id, reason=reason, at=at)
            result = await self._step(StepActivities.abandon, end, "purchase given up")
        await self._accept(result)

    def _resume(self) -> ResumeInput:
        return ResumeInput(plan=self.state.ref, at=self._inbox.now())

    async def _step(self, method: Callable[[Any, Input], Awaitable[Result]], argument: Input, summary: str) -> Result:
        """Take a step, for a minute, or once while one fails; raises `StepFailing`."""
        try:
            result = await try_in_database(method, argument, summary, once=self.failure is not None)
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            self.failure = failed(self.failure, summary, error)
            self._inbox.retry_now, self.woken = False, True
            raise StepFailing from error
        self.failure = None
        return result

    async def _accept_or_hold(self, result: StepResult) -> bool:
        """Take in a step's result; return whether it was taken, or waits for its cause to go away."""
        await self._accept(result)
        on_hold = result.state.attention is not None
        self.retry_at = self._inbox.now() + HOLD_RETRY if on_hold else None
        return not on_hold

    async def _accept(self, result: StepResult) -> None:
        if result.state.version <= self._newest_missed:  # it was among what was missed
            return
        self._set_state(result.state)
        self._sender.send(result.invoices, result.voided)
        self.woken = True
        if result.successor:
            successor = PlanInput(state=result.successor, backfilled=self._backfilled)
            if await external.start_workflow(plan_workflow(successor)):
                self._backfilled = ()

    def _set_state(self, state: PlanState) -> None:
        self._inbox.move_clock(state.clock_at)
        self.state = state.model_copy(update={"clock_at": self._inbox.clock_at})
