"""A workflow that sends invoices as plans do, all at once instead of one after another."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.collection import CollectionActivities
    from billflow.models.contracts.invoices import InvoiceInput
    from billflow.workflows.activity_execution import at_stripe


@workflow.defn
class SendingWorkflow:
    """Has its invoices collected, each in its turn."""

    @workflow.run
    async def run(self, invoices: list[InvoiceInput], urgency: int) -> None:
        """Wait until all had their turn."""
        await asyncio.gather(
            *(at_stripe(CollectionActivities.collect, one, "an invoice", urgency=urgency) for one in invoices)
        )
