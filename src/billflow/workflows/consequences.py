"""What collection does about a debt besides trying again: write, suspend, let back in, end plans, give up."""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from billflow.activities.collection import CollectionActivities
    from billflow.activities.dunning import ACTOR, DunningActivities
    from billflow.activities.mail import MailActivities
    from billflow.activities.settling import AdjustmentActivities
    from billflow.activities.steps import StepActivities
    from billflow.domain.commands import EndNow
    from billflow.models.contracts.adjustments import InvoiceClosure
    from billflow.models.contracts.collection import CollectionMoment, CustomerHold
    from billflow.models.contracts.invoices import CollectInput, InvoiceStatus, InvoiceSummary
    from billflow.models.contracts.mail import NotificationInput, Occasion
    from billflow.models.contracts.steps import CommandInput
    from billflow.temporal.ids import plan_workflow_id
    from billflow.workflows import mailing
    from billflow.workflows.calls import at_stripe, on_books

MAIL_WINDOW = timedelta(minutes=10)
"""How long collection waits for a mail server; what is not sent by then is left to a workflow of its own."""


class Consequences:
    """What befalls the customer of one invoice."""

    def __init__(self, invoice: InvoiceSummary) -> None:
        self._invoice = invoice

    async def tell_customer(
        self, occasion: Occasion, at: datetime, number: int = 1, next_at: datetime | None = None
    ) -> None:
        """Write to the customer, once per occasion and number; a mail server that is away stops nothing."""
        ask = NotificationInput(
            org_id=self._invoice.org_id,
            invoice_id=self._invoice.invoice_id,
            occasion=occasion,
            number=number,
            at=at,
            next_at=next_at,
        )
        try:
            await workflow.execute_activity_method(
                MailActivities.notify,
                ask,
                summary=f"mail: {occasion}",
                start_to_close_timeout=timedelta(seconds=60),
                schedule_to_close_timeout=MAIL_WINDOW,
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            workflow.logger.warning("a mail is late", extra={"invoice_id": ask.invoice_id, "occasion": ask.occasion})
            await mailing.write(ask)

    async def suspend(self, at: datetime) -> CustomerHold:
        """Suspend the customer, and let its plans know."""
        held = await on_books(DunningActivities.suspend_for, self._moment(at), "suspend the customer")
        await self._tell_plans(held.plan_ids)
        return held

    async def let_back_in(self, at: datetime) -> bool:
        """Undo the suspension where this was the last debt behind it; tell whether it was."""
        held = await on_books(DunningActivities.lift_for, self._moment(at), "let the customer back in")
        await self._tell_plans(held.plan_ids)
        return held.changed

    async def end_plans(self, at: datetime) -> None:
        """End whatever plan of the customer is live."""
        held = await on_books(DunningActivities.live_plans, self._moment(at), "the customer's plan")
        for plan_id in held.plan_ids:
            await self._end_plan(plan_id, at, EndNow())

    async def let_go(self, at: datetime) -> bool:
        """Follow the small-organization rule; tell whether this invoice was given up by it."""
        given_up = await on_books(DunningActivities.let_go, self._moment(at), "the small-organization rule")
        if given_up.tell_owners:
            await self.tell_customer(Occasion.LET_GO, at)
        if given_up.plan_id is not None:
            voided = await self._end_plan(given_up.plan_id, at, EndNow(void_open_invoices=True))
        else:
            voided = given_up.voided
            await self._void(voided, at)
        return self._invoice.invoice_id in {invoice.invoice_id for invoice in voided}

    async def give_up(self, at: datetime) -> InvoiceStatus:
        """Mark the invoice uncollectible on both sides, unless it was paid meanwhile."""
        adjustments = InvoiceClosure(
            org_id=self._invoice.org_id, invoice_id=self._invoice.invoice_id, to=InvoiceStatus.UNCOLLECTIBLE, at=at
        )
        status = await on_books(DunningActivities.give_up, adjustments, "give the debt up")
        if status is InvoiceStatus.UNCOLLECTIBLE:
            await at_stripe(AdjustmentActivities.close, adjustments, "mark uncollectible")
        return status

    async def _end_plan(self, plan_id: str, at: datetime, command: EndNow) -> tuple[InvoiceSummary, ...]:
        ask = CommandInput(
            org_id=self._invoice.org_id,
            plan_id=plan_id,
            at=at,
            command_id=f"collection/{self._invoice.invoice_id}",
            command=command,
            actor=ACTOR,
        )
        result = await on_books(StepActivities.take_command, ask, "end the plan")
        await self._tell_plans((plan_id,))
        await self._void(result.voided, at)
        return result.voided

    async def _void(self, invoices: tuple[InvoiceSummary, ...], at: datetime) -> None:
        for invoice in invoices:
            ask = CollectInput(org_id=invoice.org_id, invoice_id=invoice.invoice_id, at=at)
            await at_stripe(CollectionActivities.void, ask, "void an open invoice")

    async def _tell_plans(self, plan_ids: tuple[str, ...]) -> None:
        for plan_id in plan_ids:
            await tell(plan_workflow_id(plan_id), "customer_changed")

    def _moment(self, at: datetime) -> CollectionMoment:
        return CollectionMoment(org_id=self._invoice.org_id, invoice_id=self._invoice.invoice_id, at=at)


async def tell(workflow_id: str, signal: str, *effects: object) -> None:
    """Signal a workflow that may be gone."""
    try:
        await workflow.get_external_workflow_handle(workflow_id).signal(signal, args=effects)
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
        workflow.logger.info("a workflow is gone", extra={"told": workflow_id})
