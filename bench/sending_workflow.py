"""The workflow of `sending.py`, in a module that can be loaded for workflows."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.collection import CollectionActivities
    from billflow.models.contracts.invoices import CollectionOutcome, InvoiceInput, Paid
    from billflow.workflows.activity_execution import at_stripe


@workflow.defn(name="SendingBench")
class SendingBench:
    """Sends invoices as a plan's run does, all at once instead of one after another."""

    @workflow.run
    async def run(self, asks: list[InvoiceInput]) -> int:
        """Return how many were paid."""
        outcomes: list[CollectionOutcome] = await asyncio.gather(
            *(at_stripe(CollectionActivities.collect, ask, "an invoice of the bench") for ask in asks)
        )
        return sum(isinstance(outcome, Paid) for outcome in outcomes)
