"""What collection by policy does in the records; each is one transaction and safe to repeat."""

from dataclasses import dataclass

from temporalio import activity

from billflow.models.contracts.adjustments import InvoiceClosure, VoidInput
from billflow.models.contracts.collection import CollectionGivenUp, CollectionMoment, CollectionTerms, CustomerHold
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus
from billflow.ports.adjustments import AdjustmentRepository
from billflow.ports.dunning import DunningRepository

ACTOR = "collection"


@dataclass(frozen=True)
class DunningActivities:
    """Reading the policy, suspending and letting back in, giving up."""

    dunning: DunningRepository
    adjustments: AdjustmentRepository

    @activity.defn
    async def terms(self, ref: InvoiceRef) -> CollectionTerms:
        """Return the policy, and how far collecting the invoice has come."""
        return await self.dunning.terms(ref)

    @activity.defn
    async def live_plans(self, ref: InvoiceRef) -> CustomerHold:
        """Return the live plans of the customer who owes the invoice."""
        return await self.dunning.live_plans(ref)

    @activity.defn
    async def suspend_for(self, moment: CollectionMoment) -> CustomerHold:
        """Suspend the customer because of the invoice."""
        return await self.dunning.suspend_customer(moment, moment.at)

    @activity.defn
    async def lift_for(self, moment: CollectionMoment) -> CustomerHold:
        """Let the customer back in, where this was the last debt it was suspended for."""
        return await self.dunning.lift_suspension(moment, moment.at)

    @activity.defn
    async def let_go(self, moment: CollectionMoment) -> CollectionGivenUp:
        """Decide by the small-organization rule."""
        return await self.dunning.write_off(moment, moment.at)

    @activity.defn
    async def give_up(self, adjustments: InvoiceClosure) -> InvoiceStatus:
        """Mark the invoice uncollectible; one that was paid meanwhile stays paid."""
        status = (await self.dunning.terms(adjustments)).status
        if status not in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN):
            return status
        ask = VoidInput(
            org_id=adjustments.org_id,
            invoice_id=adjustments.invoice_id,
            key=f"{adjustments.invoice_id}/{adjustments.to}",
            actor=ACTOR,
            at=adjustments.at,
            to=adjustments.to,
            reason="the dunning policy is exhausted",
        )
        return await self.adjustments.close(ask)
