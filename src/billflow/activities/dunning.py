"""What dunning does in the database; each is one transaction and safe to repeat."""

from dataclasses import dataclass

from temporalio import activity

from billflow.models.contracts.adjustments import CloseInvoiceInput, VoidInput
from billflow.models.contracts.collection import CollectionTerms, SmallOrganizationResult, SuspensionResult
from billflow.models.contracts.invoices import InvoiceInput, InvoiceRef, InvoiceStatus
from billflow.models.contracts.keys import KeyNamespace
from billflow.ports.adjustments import AdjustmentRepository
from billflow.ports.dunning import DunningRepository

ACTOR = "collection"


@dataclass(frozen=True)
class DunningActivities:
    """Reading the policy, suspending and reactivating, writing off."""

    dunning: DunningRepository
    adjustments: AdjustmentRepository

    @activity.defn
    async def terms(self, invoice: InvoiceRef) -> CollectionTerms:
        """Return the policy, and how far collecting the invoice has come."""
        return await self.dunning.terms(invoice)

    @activity.defn
    async def live_plans(self, invoice: InvoiceRef) -> SuspensionResult:
        """Return the live plans of the customer who owes the invoice."""
        return await self.dunning.live_plans(invoice)

    @activity.defn
    async def suspend(self, invoice: InvoiceInput) -> SuspensionResult:
        """Suspend the customer because of the invoice."""
        return await self.dunning.suspend_customer(invoice, invoice.at)

    @activity.defn
    async def reactivate(self, invoice: InvoiceInput) -> SuspensionResult:
        """Reactivate the customer, where this was the last debt it was suspended for."""
        return await self.dunning.lift_suspension(invoice, invoice.at)

    @activity.defn
    async def apply_small_organization_rule(self, invoice: InvoiceInput) -> SmallOrganizationResult:
        """Decide by the small-organization rule."""
        return await self.dunning.write_off(invoice, invoice.at)

    @activity.defn
    async def write_off(self, invoice: CloseInvoiceInput) -> InvoiceStatus:
        """Mark the invoice uncollectible; one that was paid meanwhile stays paid."""
        status = (await self.dunning.terms(invoice)).status
        if not status.is_open:
            return status
        return await self.adjustments.close(
            VoidInput(
                org_id=invoice.org_id,
                invoice_id=invoice.invoice_id,
                key=KeyNamespace.COLLECTION.key(invoice.invoice_id, invoice.to),
                actor=ACTOR,
                at=invoice.at,
                to=InvoiceStatus.UNCOLLECTIBLE,
                reason="the dunning policy is exhausted",
            )
        )
