"""Money that goes back, and invoices that are given up, at Stripe. Any of these may run twice."""

from dataclasses import dataclass

from temporalio import activity

from billflow.activities.faults import asking_stripe, try_again
from billflow.models.contracts.adjustments import AdjustmentMoment, AdjustmentResult, AdjustmentStatus, InvoiceClosure
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.ports.adjustments import AdjustmentRepository
from billflow.ports.invoices import InvoiceRepository
from billflow.ports.payments import AdjustmentGateway, PaymentGateway, PaymentsRejected, PaymentsUnavailable


@dataclass(frozen=True)
class AdjustmentActivities:
    """What our records decided, brought to Stripe."""

    invoices: InvoiceRepository
    adjustments: AdjustmentRepository
    gateway: PaymentGateway
    adjustment_gateway: AdjustmentGateway

    @activity.defn
    async def settle(self, moment: AdjustmentMoment) -> AdjustmentResult:
        """Make a refund or credit note at Stripe and remember the answer; a refusal is an answer."""
        wanted = await self.adjustments.to_send(moment)
        try:
            answer = await self.adjustment_gateway.settle(wanted)
        except PaymentsUnavailable as error:
            try_again(error)
        except PaymentsRejected as error:
            answer = AdjustmentResult(status=AdjustmentStatus.REJECTED, message=str(error))
        await self.adjustments.record_answer(moment, answer, moment.at)
        return answer

    @activity.defn
    async def close(self, adjustments: InvoiceClosure) -> None:
        """Void an invoice at Stripe, or give it up there; our records have done so already."""
        invoice = await self.invoices.invoice_to_collect(adjustments)
        with asking_stripe():
            if adjustments.to is InvoiceStatus.VOID:
                await self.gateway.void(invoice)
            else:
                await self.adjustment_gateway.mark_uncollectible(invoice)
