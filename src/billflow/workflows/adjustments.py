"""Adjustments of invoices on their way to Stripe, however long Stripe is away."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.adjustments import AdjustmentActivities
    from billflow.models.contracts.adjustments import AdjustmentResult, CloseInvoiceInput, SendAdjustmentInput
    from billflow.workflows.activity_execution import at_stripe


@workflow.defn(name="AdjustmentWorkflow")
class AdjustmentWorkflow:
    """One refund or credit note on its way to Stripe."""

    @workflow.run
    async def run(self, adjustment: SendAdjustmentInput) -> AdjustmentResult:
        """Make it at Stripe, once, and return the answer."""
        return await at_stripe(AdjustmentActivities.send_adjustment, adjustment, adjustment.kind.replace("_", " "))


@workflow.defn(name="CloseInvoiceWorkflow")
class CloseInvoiceWorkflow:
    """One invoice that is voided or written off, on its way to Stripe."""

    @workflow.run
    async def run(self, invoice: CloseInvoiceInput) -> None:
        """Give it the same status there; fails where it was paid meanwhile, which a Stripe event reports."""
        await at_stripe(AdjustmentActivities.close_invoice, invoice, f"{invoice.to} at Stripe")
