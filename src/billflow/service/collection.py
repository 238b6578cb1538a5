"""What is told to the collection of invoices: a status that changed, a payment that failed, a new payment method."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from billflow.domain import plan_start
from billflow.domain.plan import CollectionMethod, PlanStatus
from billflow.models.contracts.collection import AttemptFailed
from billflow.models.contracts.invoices import (
    InvoiceInput,
    InvoiceRef,
    InvoiceStatus,
    InvoiceStatusChanged,
    InvoiceSummary,
)
from billflow.models.contracts.mail import NotificationInput, Occasion
from billflow.models.contracts.plans import PlanInput
from billflow.models.contracts.steps import LateStartInput, PlanRef
from billflow.service.plans import PlanService
from billflow.store.session.repositories import Queries, Repositories
from billflow.temporal.ids import collection_workflow_id
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import WorkflowStart, collection_workflow, mail_workflow, plan_workflow


@dataclass(frozen=True)
class CollectionService:
    """The collection of invoices as its callers see it."""

    control: WorkflowControl
    plans: PlanService
    repositories: Repositories
    queries: Queries

    async def invoice_status_changed(self, change: InvoiceStatusChanged) -> None:
        """Pass on that an invoice was paid, voided or marked uncollectible, to its collection and its plan."""
        workflow_id = collection_workflow_id(change.invoice_id)
        if not await self.control.signal(workflow_id, "invoice_status_changed", change):
            await self._reactivate(change)
        state = await self.repositories.plans.get(change.plan)
        if state.awaiting_invoice_id == change.invoice_id:
            await self.plans.signal_plan(state, "invoice_status_changed", change)
        elif state.status is PlanStatus.ENDED and change.status is InvoiceStatus.PAID:
            await self._start_late(change)

    async def payment_failed(self, ref: InvoiceRef, *, requires_action: bool) -> None:
        """Pass on that a payment under way came to nothing; other failures its collection knows already.

        Where there is no collection yet, or no more, it is started from the database.
        """
        failure = AttemptFailed(requires_action=requires_action)
        if await self.control.signal(collection_workflow_id(ref.invoice_id), "attempt_failed", failure):
            return
        if (await self.repositories.dunning.terms(ref)).is_under_way:
            invoice = await self.queries.invoices.get(ref.org_id, ref.invoice_id)
            await self.control.start(await self.start_of(invoice), "attempt_failed", failure)

    async def card_changed(self, org_id: str, stripe_customer_id: str, method: str | None, at: datetime) -> None:
        """Charge what is open by a customer's new default card, and remember it; one that is known changes nothing."""
        effects = self.repositories.stripe_event_effects
        known = await effects.known_card(org_id, stripe_customer_id)
        if known is None or known.payment_method == method:
            return
        if method is not None:
            await self.retry_payments(org_id, known.customer_id)
        await effects.record_card(org_id, stripe_customer_id, method, at)

    async def retry_payments(self, org_id: str, customer_id: str) -> None:
        """Charge every open invoice of a customer again that is not sent, for there is a new payment method."""
        for invoice in await self.queries.invoices.unpaid(org_id, customer_id=customer_id):
            if invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
                await self.control.start(await self.start_of(invoice), "retry")

    async def replace_customer(self, org_id: str, stripe_customer_id: str, at: datetime) -> None:
        """Give up a Stripe customer that is gone, and have its open invoices issued anew, to a new one."""
        for invoice in await self.repositories.invoices.replace_customer(org_id, stripe_customer_id, at):
            await self.control.start(await self.start_of(invoice), "retry")

    async def start_of(self, invoice: InvoiceSummary) -> WorkflowStart:
        """Return how the collection of an invoice is started from the database."""
        plan = await self.repositories.plans.get(invoice.plan)
        summary = InvoiceSummary(**{name: getattr(invoice, name) for name in InvoiceSummary.model_fields})
        return collection_workflow(summary, plan.customer_id, clock_at=plan.clock_at)

    async def _start_late(self, change: InvoiceStatusChanged) -> None:
        """Start the plan of a trial whose invoice was paid after its end; without one, nothing happens."""
        step = LateStartInput(plan=change.plan, invoice_id=change.invoice_id, at=change.at)
        result = await self.repositories.plans.start_after_trial(
            step, partial(plan_start.start_after_trial, at=change.at)
        )
        if result and not result.refused:
            await self.control.start(plan_workflow(PlanInput(state=result.state, to_send=result.invoices)))

    async def _reactivate(self, change: InvoiceStatusChanged) -> None:
        """Undo the suspension for a debt that is closed after its collection was over, and tell the customer."""
        closed = InvoiceInput(org_id=change.plan.org_id, invoice_id=change.invoice_id, at=change.at)
        result = await self.repositories.dunning.lift_suspension(closed, change.at)
        for plan_id in result.plan_ids:
            state = await self.repositories.plans.get(PlanRef(org_id=change.plan.org_id, plan_id=plan_id))
            await self.plans.signal_plan(state, "customer_changed")
        if result.changed:
            notification = NotificationInput(**closed.model_dump(), occasion=Occasion.REACTIVATED)
            invoice = await self.queries.invoices.get(change.plan.org_id, change.invoice_id)
            await self.control.start(mail_workflow(notification, invoice.customer_id, invoice.plan_id))
