"""One unpaid invoice, from open to paid, void or uncollectible."""

from dataclasses import replace
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.collection import CollectionActivities
    from billflow.activities.dunning import DunningActivities
    from billflow.domain.currencies import format_amount
    from billflow.domain.dunning import DunningAction, NextAttempt, reminders_of
    from billflow.domain.invoicing.draft import InvoiceKind
    from billflow.models.contracts.collection import (
        AttemptFailed,
        CollectionInput,
        FailedAttemptInput,
        NextAttemptInput,
    )
    from billflow.models.contracts.invoices import (
        Closed,
        CollectionOutcome,
        Declined,
        InvoiceStatus,
        InvoiceStatusChanged,
        NotPaid,
        Paid,
        RequiresAction,
    )
    from billflow.models.contracts.mail import Occasion
    from billflow.temporal.ids import plan_workflow_id
    from billflow.temporal.priorities import PERSON_WAITS
    from billflow.workflows import external
    from billflow.workflows.activity_execution import at_stripe, in_database
    from billflow.workflows.dunning import DunningState
    from billflow.workflows.dunning_actions import DunningActions


@workflow.defn(name="CollectionWorkflow")
class CollectionWorkflow:
    """Waits for the customer to pay, follows the dunning policy until then, signals the plan how it ended."""

    @workflow.init
    def __init__(self, run: CollectionInput) -> None:
        self._run, self._invoice = run, run.invoice
        self._clock_at = run.clock_at
        self._actions = DunningActions(run.invoice, run.customer_id)
        self._next: NextAttempt | None = None
        self._status: InvoiceStatus | None = None
        self._outcome: CollectionOutcome | None = None
        self._failed: AttemptFailed | None = None
        self._requested = self._answered = 0
        self._trying = self._person_waits = False

    @workflow.run
    async def run(self, run: CollectionInput) -> InvoiceStatus:
        """Collect the invoice; return how it ended."""
        dunning = await self._begin(run)
        while self._status is None:
            await self._plan(dunning)
            if self._status is None:
                await self._wait()
                await self._act(dunning)
                self._continue_as_new_if_suggested(dunning)
        await self._end(self._status)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._status

    @workflow.signal
    def invoice_status_changed(self, change: InvoiceStatusChanged) -> None:
        """Note, from Stripe or from support, that the invoice was paid, voided or marked uncollectible."""
        self._status = change.status

    @workflow.signal
    def retry(self) -> None:
        """Try again now, for there is a new payment method, or an address to be taxed by."""
        self._requested += 1

    @workflow.signal
    def attempt_failed(self, failure: AttemptFailed) -> None:
        """Note that a payment under way at a bank came to nothing."""
        self._failed = failure

    @workflow.signal
    def advance_clock(self, to: datetime) -> None:
        """Move the test clock forward."""
        self._set_clock(to)

    @workflow.update
    async def pay(self) -> CollectionOutcome:
        """Try again now, and return what came of it."""
        self._requested += 1
        self._person_waits = True
        mine = self._requested
        await workflow.wait_condition(lambda: self._answered >= mine or (self._status is not None and not self._trying))
        if self._outcome is not None and self._answered >= mine:
            return self._outcome
        return Paid(amount_paid=self._invoice.total) if self._status is InvoiceStatus.PAID else Closed()

    def _now(self) -> datetime:
        return self._clock_at or workflow.now()

    def _set_clock(self, to: datetime) -> None:
        self._clock_at = max(self._clock_at or to, to)

    async def _begin(self, run: CollectionInput) -> DunningState:
        if run.terms is not None:
            return DunningState(run.terms, run.attempts, self._now())
        terms = await in_database(DunningActivities.terms, self._invoice.ref, "how the organization collects")
        if terms.clock_at is not None:
            self._set_clock(terms.clock_at)
        dunning = DunningState(terms, run.attempts, self._now())
        if terms.status.is_open and dunning.has_failed:
            await self._failure(dunning)
        return dunning

    def _continue_as_new_if_suggested(self, dunning: DunningState) -> None:
        """Leave a long history behind, where nobody waits for an answer; the policy stays that of the first run."""
        is_quiet = self._failed is None and self._requested == self._answered and workflow.all_handlers_finished()
        if self._status is not None or not is_quiet or not workflow.info().is_continue_as_new_suggested():
            return
        if workflow.patched("collections continue as new"):
            following = {"attempts": dunning.attempts, "clock_at": self._clock_at, "terms": dunning.terms()}
            workflow.continue_as_new(self._run.model_copy(update={"invoice": self._invoice, **following}))

    async def _plan(self, dunning: DunningState) -> None:
        """Decide what comes next, and show it in the database and the Web UI."""
        if self._status is None:
            self._next = dunning.next(self._now())
        if self._next is None and self._invoice.kind is InvoiceKind.PURCHASE and dunning.has_failed:
            self._status = self._status or InvoiceStatus.VOID
        await self._record(None if self._status else self._next)
        workflow.set_current_details(self._details(dunning))

    async def _record(self, planned: NextAttempt | None) -> None:
        following = NextAttemptInput(
            **self._invoice.ref.model_dump(),
            next_attempt_at=planned.at if planned else None,
            next_action=planned.action if planned else DunningAction.AWAIT_CUSTOMER,
        )
        status = await in_database(CollectionActivities.record_next_attempt, following, "what comes next")
        # Paid before this workflow was there to be signalled.
        if self._status is None and not status.is_open:
            self._status = status

    def _is_time(self) -> bool:
        due = self._next is not None and self._now() >= self._next.at
        return due or self._requested > self._answered or self._failed is not None or self._status is not None

    async def _wait(self) -> None:
        if self._next is None or self._clock_at is not None:
            await workflow.wait_condition(self._is_time)
            return
        remaining = self._next.at - workflow.now()
        if remaining > timedelta(0):
            try:
                await workflow.wait_condition(
                    self._is_time, timeout=remaining, timeout_summary=self._next.action.replace("_", " ")
                )
            except TimeoutError:
                return

    async def _act(self, dunning: DunningState) -> None:
        if self._status is not None:
            return
        if self._failed is not None:
            await self._take_failure(dunning, self._failed)
        elif self._requested > self._answered:
            await self._attempt(dunning, None)
        elif self._next is not None and self._now() >= self._next.at:
            await self._follow(dunning, self._next)

    async def _take_failure(self, dunning: DunningState, failure: AttemptFailed) -> None:
        self._failed = None
        if not dunning.is_under_way:
            return
        now = self._now()
        dunning.fell_through(now, requires_action=failure.requires_action)
        failed = FailedAttemptInput(
            org_id=self._invoice.org_id,
            invoice_id=self._invoice.invoice_id,
            attempt=dunning.attempts,
            at=now,
            requires_action=failure.requires_action,
        )
        await in_database(CollectionActivities.record_failure, failed, "a payment under way was refused")
        if self._status is None:
            await self._failure(dunning)

    async def _follow(self, dunning: DunningState, planned: NextAttempt) -> None:
        now, number = self._now(), planned.number
        match planned.action:
            case DunningAction.RETRY:
                await self._attempt(dunning, number)
            case DunningAction.AWAIT_CUSTOMER:
                dunning.unpaid = replace(dunning.unpaid, attempts=number + 1)
                mail = dunning.attempts_before + number + 1
                await self._actions.notify(Occasion.ACTION_REQUIRED, now, mail, self._after(dunning))
            case DunningAction.REMIND:
                dunning.unpaid = replace(dunning.unpaid, reminders=number)
                await self._actions.notify(_reminder(dunning, number), now, dunning.attempts_before + number)
                await self._apply_small_organization_rule(dunning)
            case DunningAction.SUSPEND_CUSTOMER:
                result = await self._actions.suspend(now)
                dunning.unpaid = replace(dunning.unpaid, suspended_at=now)
                if result.changed:
                    await self._actions.notify(Occasion.SUSPENDED, now, next_at=self._after(dunning))
            case DunningAction.END_PLAN:
                await self._actions.end_plans(now)
                dunning.unpaid = replace(dunning.unpaid, plan_ended=True)
                await self._actions.notify(Occasion.PLAN_ENDED, now)
            case DunningAction.MARK_UNCOLLECTIBLE:
                self._status = await self._actions.write_off(now)

    async def _attempt(self, dunning: DunningState, number: int | None) -> None:
        requested, attempt = self._requested, dunning.attempts + 1
        urgency, self._person_waits = PERSON_WAITS if self._person_waits else None, False
        invoice = self._invoice.as_of(self._now()).model_copy(update={"attempt": attempt})
        self._trying = True
        outcome: CollectionOutcome = await at_stripe(
            CollectionActivities.collect, invoice, f"payment attempt {attempt}", urgency=urgency
        )
        self._trying = False
        dunning.took(outcome, self._now(), number=number)
        self._outcome, self._answered = outcome, requested
        if isinstance(outcome, NotPaid) and outcome.total is not None:
            self._invoice = self._invoice.model_copy(update={"total": outcome.total})
        if isinstance(outcome, Paid):
            self._status = InvoiceStatus.PAID
        elif isinstance(outcome, Closed):
            self._status = self._status or InvoiceStatus.VOID
        elif isinstance(outcome, Declined | RequiresAction) and self._status is None:
            await self._failure(dunning)

    async def _failure(self, dunning: DunningState) -> None:
        """Tell the customer that a charge failed, and void what the small-organization rule voids."""
        confirm = dunning.unpaid.requires_action
        if self._invoice.kind is InvoiceKind.PURCHASE and not confirm:
            self._status = InvoiceStatus.VOID
            return
        occasion = Occasion.ACTION_REQUIRED if confirm else Occasion.PAYMENT_FAILED
        number = dunning.attempts_before + dunning.unpaid.attempts
        await self._actions.notify(occasion, self._now(), number, self._after(dunning))
        await self._apply_small_organization_rule(dunning)

    async def _apply_small_organization_rule(self, dunning: DunningState) -> None:
        wanted = dunning.policy.small_organizations is not None and dunning.is_overdue
        if (
            wanted
            and self._invoice.kind is InvoiceKind.RECURRING
            and await self._actions.apply_small_organization_rule(self._now())
        ):
            self._status = InvoiceStatus.VOID

    def _after(self, dunning: DunningState) -> datetime | None:
        """Return when something happens next, for a mail to name."""
        planned = dunning.next(self._now())
        return planned.at if planned else None

    async def _end(self, status: InvoiceStatus) -> None:
        now = self._now()
        await self._record(None)
        if status is not InvoiceStatus.UNCOLLECTIBLE and await self._actions.reactivate(now):
            await self._actions.notify(Occasion.REACTIVATED, now)
        if self._invoice.kind is not InvoiceKind.RECURRING:
            plan, invoice_id = self._invoice.plan, self._invoice.invoice_id
            change = InvoiceStatusChanged(plan=plan, invoice_id=invoice_id, status=status, at=now)
            await external.signal_workflow(plan_workflow_id(plan.plan_id), "invoice_status_changed", change)

    def _details(self, dunning: DunningState) -> str:
        amount = format_amount(self._invoice.total, self._invoice.currency)
        if self._next is None:
            return f"{amount} is open after {dunning.attempts} attempts; waiting for the customer to pay."
        action = self._next.action.replace("_", " ")
        return f"{amount} is open; next: {action} at {self._next.at:%Y-%m-%d %H:%M} UTC."


def _reminder(dunning: DunningState, number: int) -> Occasion:
    due_at = dunning.unpaid.due_at or dunning.unpaid.issued_at
    at = reminders_of(dunning.policy, dunning.unpaid)[number - 1]
    if at == due_at:
        return Occasion.REMINDER_DUE
    return Occasion.REMINDER_BEFORE if at < due_at else Occasion.REMINDER_AFTER
