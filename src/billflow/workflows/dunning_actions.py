"""What collection does about a debt besides trying again: notify, suspend, reactivate, end plans, write off."""

from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.adjustments import AdjustmentActivities
    from billflow.activities.collection import CollectionActivities
    from billflow.activities.dunning import ACTOR, DunningActivities
    from billflow.activities.mail import MailActivities
    from billflow.activities.steps import StepActivities
    from billflow.domain.commands import EndNow
    from billflow.models.contracts.adjustments import CloseInvoiceInput
    from billflow.models.contracts.collection import SuspensionResult
    from billflow.models.contracts.invoices import InvoiceStatus, InvoiceSummary
    from billflow.models.contracts.keys import KeyNamespace
    from billflow.models.contracts.mail import NotificationInput, Occasion
    from billflow.models.contracts.steps import CommandInput, PlanRef
    from billflow.temporal.ids import plan_workflow_id
    from billflow.temporal.workflow_starts import mail_workflow
    from billflow.workflows import external
    from billflow.workflows.activity_execution import Tolerated, at_stripe, for_a_while, in_database

MAIL_WINDOW = timedelta(minutes=10)
"""How long collection waits for a mail server; what is not sent by then is left to a workflow of its own."""


class DunningActions:
    """What is done about the customer of one invoice."""

    def __init__(self, invoice: InvoiceSummary, customer_id: str | None) -> None:
        self._invoice = invoice
        self._customer_id = customer_id

    async def notify(self, occasion: Occasion, at: datetime, number: int = 1, next_at: datetime | None = None) -> None:
        """Write to the customer, once per occasion and number; a mail server that is away stops nothing."""
        notification = NotificationInput(
            **self._invoice.ref.model_dump(), occasion=occasion, number=number, at=at, next_at=next_at
        )
        with Tolerated("a mail is late", mail=notification.key):
            options = dict[str, Any](start_to_close_timeout=timedelta(seconds=60))
            await for_a_while(MailActivities.notify, notification, f"mail: {occasion}", MAIL_WINDOW, options)
            return
        await external.start_workflow(mail_workflow(notification, self._customer_id, self._invoice.plan_id))

    async def suspend(self, at: datetime) -> SuspensionResult:
        """Suspend the customer, and let its plans know."""
        result = await in_database(DunningActivities.suspend, self._invoice.as_of(at), "suspend the customer")
        await self._signal_plans(result.plan_ids)
        return result

    async def reactivate(self, at: datetime) -> bool:
        """Undo the suspension where this was the last debt behind it; tell whether it was."""
        result = await in_database(DunningActivities.reactivate, self._invoice.as_of(at), "reactivate the customer")
        await self._signal_plans(result.plan_ids)
        return result.changed

    async def end_plans(self, at: datetime) -> None:
        """End whatever plan of the customer is live."""
        result = await in_database(DunningActivities.live_plans, self._invoice.ref, "the customer's plan")
        for plan_id in result.plan_ids:
            await self._end_plan(plan_id, at, EndNow())

    async def apply_small_organization_rule(self, at: datetime) -> bool:
        """Follow the small-organization rule; tell whether this invoice was voided by it."""
        result = await in_database(
            DunningActivities.apply_small_organization_rule, self._invoice.as_of(at), "the small-organization rule"
        )
        if result.notify_owners:
            await self.notify(Occasion.WRITTEN_OFF, at)
        if result.plan_id is not None:
            voided = await self._end_plan(result.plan_id, at, EndNow(void_open_invoices=True))
        else:
            voided = result.voided
            await self._void(voided, at)
        return self._invoice.invoice_id in {invoice.invoice_id for invoice in voided}

    async def write_off(self, at: datetime) -> InvoiceStatus:
        """Mark the invoice uncollectible on both sides, unless it was paid meanwhile."""
        closing = CloseInvoiceInput(**self._invoice.as_of(at).model_dump(), to=InvoiceStatus.UNCOLLECTIBLE)
        status = await in_database(DunningActivities.write_off, closing, "write the debt off")
        if status is InvoiceStatus.UNCOLLECTIBLE:
            await at_stripe(AdjustmentActivities.close_invoice, closing, "mark uncollectible")
        return status

    async def _end_plan(self, plan_id: str, at: datetime, command: EndNow) -> tuple[InvoiceSummary, ...]:
        step = CommandInput(
            plan=PlanRef(org_id=self._invoice.org_id, plan_id=plan_id),
            at=at,
            command_id=KeyNamespace.COLLECTION.key(self._invoice.invoice_id),
            command=command,
            actor=ACTOR,
        )
        result = await in_database(StepActivities.take_command, step, "end the plan")
        await self._signal_plans((plan_id,))
        await self._void(result.voided, at)
        return result.voided

    async def _void(self, invoices: tuple[InvoiceSummary, ...], at: datetime) -> None:
        for invoice in invoices:
            await at_stripe(CollectionActivities.void, invoice.as_of(at), "void an open invoice")

    async def _signal_plans(self, plan_ids: tuple[str, ...]) -> None:
        for plan_id in plan_ids:
            await external.signal_workflow(plan_workflow_id(plan_id), "customer_changed")
