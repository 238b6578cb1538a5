"""What collection by policy does in the books; each is one transaction and safe to repeat."""

from dataclasses import dataclass

from temporalio import activity

from billflow.models.contracts.collection import CollectionMoment, CollectionTerms, CustomerHeld, GivenUp
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus
from billflow.models.contracts.settling import InvoiceSettling, VoidAsk
from billflow.ports.billing import Books

ACTOR = "collection"


@dataclass(frozen=True)
class DunningActivities:
    """Reading the policy, suspending and letting back in, giving up."""

    books: Books

    @activity.defn
    async def terms(self, ref: InvoiceRef) -> CollectionTerms:
        """Return the policy, and how far collecting the invoice has come."""
        return await self.books.terms(ref)

    @activity.defn
    async def live_plans(self, ref: InvoiceRef) -> CustomerHeld:
        """Return the live plans of the customer who owes the invoice."""
        return await self.books.live_plans(ref)

    @activity.defn
    async def suspend_for(self, moment: CollectionMoment) -> CustomerHeld:
        """Suspend the customer because of the invoice."""
        return await self.books.suspend_for(moment, moment.at)

    @activity.defn
    async def lift_for(self, moment: CollectionMoment) -> CustomerHeld:
        """Let the customer back in, where this was the last debt it was suspended for."""
        return await self.books.lift_for(moment, moment.at)

    @activity.defn
    async def let_go(self, moment: CollectionMoment) -> GivenUp:
        """Decide by the small-organization rule."""
        return await self.books.let_go(moment, moment.at)

    @activity.defn
    async def give_up(self, settling: InvoiceSettling) -> InvoiceStatus:
        """Mark the invoice uncollectible; one that was paid meanwhile stays paid."""
        status = (await self.books.terms(settling)).status
        if status not in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN):
            return status
        ask = VoidAsk(
            org_id=settling.org_id,
            invoice_id=settling.invoice_id,
            key=f"{settling.invoice_id}/{settling.to}",
            actor=ACTOR,
            at=settling.at,
            to=settling.to,
            reason="the dunning policy is exhausted",
        )
        return await self.books.close(ask)
