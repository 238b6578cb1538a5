"""What one can ask of billflow: every business call on Temporal goes through here."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, NoReturn
from weakref import WeakValueDictionary

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from billflow.domain import plan_start
from billflow.domain.errors import BillingError, InvalidInput, PlanEnded, Refused
from billflow.domain.plan import CollectionMethod, PlanStatus
from billflow.models.contracts.collection import AttemptFailed, CollectionRun
from billflow.models.contracts.customers import SeatReport
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus, InvoiceSummary
from billflow.models.contracts.mail import NotificationInput, Occasion
from billflow.models.contracts.plans import PlanRun, PlanStarted, PlanState, Refusal, StartPlanInput, StepResult
from billflow.models.contracts.steps import CommandRequest, InvoicePaymentResult, PlanRef, command_key
from billflow.ports.billing import Archive, Books, Registry
from billflow.temporal.ids import collection_workflow_id, mail_workflow_id, plan_workflow_id
from billflow.temporal.queues import BILLFLOW
from billflow.temporal.updates import once_ready
from billflow.workflows.collection import CollectionWorkflow
from billflow.workflows.display import search_attributes
from billflow.workflows.mailing import MailWorkflow
from billflow.workflows.plan import PlanWorkflow

_FIRST_LOOK, _LATER_LOOKS = 0.05, 1.0
"""Seconds between looks at how far a clock's plans have come; each look takes half as long again as the one before."""


@dataclass(frozen=True)
class Billing:
    """The engine as its callers see it; raises `BillingError` with a stable code where a rule says no."""

    client: Client
    books: Books
    archive: Archive
    registry: Registry
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary, init=False, repr=False)

    async def start_plan(self, ask: StartPlanInput) -> PlanStarted:
        """Start a plan and wait, a minute at most, for the card; the same key starts it once."""
        result = await self.books.start_plan(ask, lambda facts: plan_start.start_plan(facts, ask.asked, ask.at))
        run = PlanRun(state=result.state, to_send=result.invoices)
        return await once_ready(
            lambda: _starting(run),
            lambda start: self.client.execute_update_with_start_workflow(
                PlanWorkflow.started, id=f"started/{result.state.plan_id}", start_workflow_operation=start
            ),
        )

    async def command(self, plan: PlanRef, request: CommandRequest) -> StepResult:
        """Take a command and answer with the plan and the invoices made; the same command id answers the same.

        Where Temporal has lost the plan's workflow, it is started again from the rows.
        """
        # With more than ten updates in flight the server delivers one again that was refused, and it may be taken then.
        async with self._turns.setdefault(plan.plan_id, asyncio.Lock()):
            return await self._command(plan, request)

    async def _command(self, plan: PlanRef, request: CommandRequest) -> StepResult:
        if taken := await self.books.taken(plan, command_key(plan.plan_id, request.command_id)):
            return _answered(taken)
        state = await self._running(plan)
        try:
            return await once_ready(
                lambda: _starting(PlanRun(state=state)),
                lambda start: self.client.execute_update_with_start_workflow(
                    PlanWorkflow.command, request, id=request.command_id, start_workflow_operation=start
                ),
            )
        except WorkflowUpdateFailedError as error:
            _refuse(error)

    async def signal(self, plan: PlanRef, request: CommandRequest) -> None:
        """Leave a command with the plan and don't wait; a refusal shows in its timeline and the audit log."""
        await self._tell_plan(await self._running(plan), "command", request)

    async def invoice_closed(self, plan: PlanRef, invoice_id: str, status: InvoiceStatus, at: datetime) -> None:
        """Pass on that an invoice was paid or given up, to its collection and to a plan that waits for it."""
        effects = InvoicePaymentResult(invoice_id=invoice_id, status=status, at=at)
        if not await self._tell(collection_workflow_id(invoice_id), "settled", effects):
            await self._let_back_in(InvoiceRef(org_id=plan.org_id, invoice_id=invoice_id), at)
        state = await self.books.plan_state(plan)
        if state.awaiting_invoice_id == invoice_id:
            await self._tell_plan(state, "invoice_closed", effects)
        elif state.status is PlanStatus.ENDED and status is InvoiceStatus.PAID:
            await self._start_late(plan, invoice_id, at)

    async def _start_late(self, plan: PlanRef, invoice_id: str, at: datetime) -> None:
        """Start the plan of a trial whose invoice was paid after its end; without one, nothing happens."""
        decide = partial(plan_start.start_after_trial, at=at)
        result = await self.books.start_late(plan, invoice_id, at, decide)
        if result and not result.refused:
            await self._run(PlanRun(state=result.state, to_send=result.invoices))

    async def report_seats(self, org_id: str, customer_id: str, reports: Sequence[SeatReport]) -> int:
        """Keep what a deployment reported, and let a plan that waits go on; return how many moments were new."""
        new = await self.registry.report_seats(org_id, customer_id, reports)
        if new:
            for state in await self.archive.running_plans(org_id, customer_id=customer_id):
                if state.attention:
                    await self._tell_plan(state, "seats_reported")
        return new

    async def live_plan(self, org_id: str, customer_id: str) -> PlanState | None:
        """Return the customer's live plan, None where it has none."""
        plans = await self.archive.running_plans(org_id, customer_id=customer_id)
        return next((plan for plan in plans if plan.status.is_live), None)

    async def customer_changed(self, org_id: str, customer_id: str) -> None:
        """Let every live plan of a customer look at the records again, after a suspension or its end."""
        for state in await self.archive.running_plans(org_id, customer_id=customer_id):
            await self._tell_plan(state, "customer_changed")

    async def retry_payments(self, org_id: str, customer_id: str) -> None:
        """Charge every open invoice of a customer again that is not sent, for there is a new payment method."""
        for invoice in await self.archive.collecting(org_id, customer_id=customer_id):
            if invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
                await self.tell_collection(invoice, "retry")

    async def payment_failed(self, ref: InvoiceRef, *, requires_action: bool) -> None:
        """Pass on that a payment under way came to nothing; other news of that kind its collection knows already.

        Where there is no collection yet, or no more, it is started from the rows.
        """
        effects = AttemptFailed(requires_action=requires_action)
        if await self._tell(collection_workflow_id(ref.invoice_id), "attempt_failed", effects):
            return
        if (await self.books.terms(ref)).is_under_way:
            invoice = await self.archive.invoice(ref.org_id, ref.invoice_id)
            await self.tell_collection(invoice, "attempt_failed", effects)

    async def tell_collection(self, invoice: InvoiceSummary, signal: str, *effects: object) -> None:
        """Signal an invoice's collection, starting it from the rows where it is missing."""
        await self.client.start_workflow(
            CollectionWorkflow.run,
            await self.collection_of(invoice),
            id=collection_workflow_id(invoice.invoice_id),
            task_queue=BILLFLOW,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=signal,
            start_signal_args=effects,
        )

    async def collection_of(self, invoice: InvoiceSummary) -> CollectionRun:
        """Return what the collection of an invoice starts from."""
        plan = await self.books.plan_state(PlanRef(org_id=invoice.org_id, plan_id=invoice.plan_id))
        summary = InvoiceSummary(**{name: getattr(invoice, name) for name in InvoiceSummary.model_fields})
        return CollectionRun(invoice=summary, attempts=0, clock_at=plan.clock_at)

    async def advance_clock(
        self, org_id: str, clock_id: str, to: datetime, progress: Callable[[], None] | None = None
    ) -> None:
        """Move a test clock forward and wait until its plans and collections have come through everything due.

        It stops at every moment at which a debt is collected, so that a suspension is in time for the next billing date. A
        on hold plan is not waited for. Raises `InvalidInput` for a moment before the clock's own.
        """
        while (stop := await self.archive.next_collection_at(org_id, clock_id)) is not None and stop < to:
            await self._advance(org_id, clock_id, stop, progress)
        await self._advance(org_id, clock_id, to, progress)

    async def _advance(self, org_id: str, clock_id: str, to: datetime, progress: Callable[[], None] | None) -> None:
        await self.registry.advance_clock(org_id, clock_id, to)
        for state in await self.archive.running_plans(org_id, test_clock_id=clock_id):
            await self._tell_plan(state, "advance_clock", to)
        for invoice in await self.archive.collecting(org_id, test_clock_id=clock_id):
            await self._tell(collection_workflow_id(invoice.invoice_id), "advance_clock", to)
        pause = _FIRST_LOOK
        while await self.archive.clock_is_behind(org_id, clock_id):
            if progress:
                progress()
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LATER_LOOKS)

    async def _running(self, plan: PlanRef) -> PlanState:
        state = await self.books.plan_state(plan)
        if not state.runs:
            raise PlanEnded
        return state

    async def _run(self, run: PlanRun) -> None:
        """Start a plan's workflow; one that runs already goes on."""
        await self.client.start_workflow(
            PlanWorkflow.run,
            run,
            id=plan_workflow_id(run.state.plan_id),
            task_queue=BILLFLOW,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=search_attributes(run.state),
            static_summary=_summary(run.state),
        )

    async def _tell_plan(self, state: PlanState, signal: str, *args: Any) -> None:
        """Signal a plan's workflow, starting it from the rows where it is missing."""
        await self.client.start_workflow(
            PlanWorkflow.run,
            PlanRun(state=state),
            id=plan_workflow_id(state.plan_id),
            task_queue=BILLFLOW,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=search_attributes(state),
            static_summary=_summary(state),
            start_signal=signal,
            start_signal_args=args,
        )

    async def _let_back_in(self, ref: InvoiceRef, at: datetime) -> None:
        """Undo the suspension for a debt that is settled after its collection was over, and tell the customer."""
        held = await self.books.lift_for(ref, at)
        for plan_id in held.plan_ids:
            state = await self.books.plan_state(PlanRef(org_id=ref.org_id, plan_id=plan_id))
            await self._tell_plan(state, "customer_changed")
        if held.changed:
            await self._write(NotificationInput(**ref.model_dump(), occasion=Occasion.REACTIVATED, at=at))

    async def _write(self, ask: NotificationInput) -> None:
        await self.client.start_workflow(
            MailWorkflow.run,
            ask,
            id=mail_workflow_id(ask.key),
            task_queue=BILLFLOW,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"mail: {ask.occasion}",
        )

    async def _tell(self, workflow_id: str, signal: str, *args: Any) -> bool:
        """Signal a workflow, and tell whether it was there to hear it."""
        try:
            await self.client.get_workflow_handle(workflow_id).signal(signal, args=args)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True


def _starting(run: PlanRun) -> WithStartWorkflowOperation[PlanWorkflow, PlanState]:
    return WithStartWorkflowOperation(
        PlanWorkflow.run,
        run,
        id=plan_workflow_id(run.state.plan_id),
        task_queue=BILLFLOW,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        search_attributes=search_attributes(run.state),
        static_summary=_summary(run.state),
    )


def _summary(state: PlanState) -> str:
    return f"{state.tier_name}, {state.schedule}"


def _answered(result: StepResult) -> StepResult:
    if result.refused:
        raise _error_of(result.refused)
    return result


def _error_of(refusal: Refusal) -> BillingError:
    kind = InvalidInput if refusal.invalid else Refused
    return kind(refusal.message, code=refusal.code, field=refusal.field)


def _refuse(error: WorkflowUpdateFailedError) -> NoReturn:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.details:
        raise _error_of(Refusal.model_validate(cause.details[0])) from error
    raise error
