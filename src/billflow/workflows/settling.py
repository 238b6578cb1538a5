"""Bring to Stripe what our records decided about an invoice's money, however long Stripe is away."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.settling import AdjustmentActivities
    from billflow.models.contracts.adjustments import AdjustmentMoment, AdjustmentResult, InvoiceClosure
    from billflow.workflows.calls import at_stripe


@workflow.defn(name="AdjustmentWorkflow")
class AdjustmentWorkflow:
    """One refund or credit note on its way to Stripe."""

    @workflow.run
    async def run(self, moment: AdjustmentMoment) -> AdjustmentResult:
        """Make it there, once, and return the answer."""
        return await at_stripe(AdjustmentActivities.settle, moment, moment.kind.replace("_", " "))


@workflow.defn(name="ClosingWorkflow")
class ClosingWorkflow:
    """One invoice that is voided or given up, on its way to Stripe."""

    @workflow.run
    async def run(self, adjustments: InvoiceClosure) -> None:
        """Bring it to the same end there; fails where it was paid meanwhile, which a webhook tells our records."""
        await at_stripe(AdjustmentActivities.close, adjustments, f"{adjustments.to} at Stripe")
