"""Bring to Stripe what our books decided about an invoice's money, however long Stripe is away."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.settling import SettlingActivities
    from billflow.models.contracts.settling import InvoiceSettling, SettlementAnswered, SettlementMoment
    from billflow.workflows.calls import at_stripe


@workflow.defn(name="SettlementWorkflow")
class SettlementWorkflow:
    """One refund or credit note on its way to Stripe."""

    @workflow.run
    async def run(self, moment: SettlementMoment) -> SettlementAnswered:
        """Make it there, once, and return the answer."""
        return await at_stripe(SettlingActivities.settle, moment, moment.kind.replace("_", " "))


@workflow.defn(name="ClosingWorkflow")
class ClosingWorkflow:
    """One invoice that is voided or given up, on its way to Stripe."""

    @workflow.run
    async def run(self, settling: InvoiceSettling) -> None:
        """Bring it to the same end there; fails where it was paid meanwhile, which a webhook tells our books."""
        await at_stripe(SettlingActivities.close, settling, f"{settling.to} at Stripe")
