"""Money that goes back, and invoices that are given up, at Stripe. Any of these may run twice."""

from dataclasses import dataclass

from temporalio import activity

from billflow.activities.faults import asking_stripe, try_again
from billflow.models.contracts.adjustments import AdjustmentMoment, AdjustmentResult, AdjustmentStatus, InvoiceClosure
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.ports.adjustments import AdjustmentGateway
from billflow.ports.billing import Books
from billflow.ports.payments import PaymentGateway, PaymentsRejected, PaymentsUnavailable


@dataclass(frozen=True)
class AdjustmentActivities:
    """What our records decided, brought to Stripe."""

    books: Books
    gateway: PaymentGateway
    adjustments: AdjustmentGateway

    @activity.defn
    async def settle(self, moment: AdjustmentMoment) -> AdjustmentResult:
        """Make a refund or credit note at Stripe and remember the answer; a refusal is an answer."""
        wanted = await self.books.to_send(moment)
        try:
            answer = await self.adjustments.settle(wanted)
        except PaymentsUnavailable as error:
            try_again(error)
        except PaymentsRejected as error:
            answer = AdjustmentResult(status=AdjustmentStatus.REJECTED, message=str(error))
        await self.books.record_answer(moment, answer, moment.at)
        return answer

    @activity.defn
    async def close(self, adjustments: InvoiceClosure) -> None:
        """Void an invoice at Stripe, or give it up there; our records have done so already."""
        invoice = await self.books.invoice_to_collect(adjustments)
        with asking_stripe():
            if adjustments.to is InvoiceStatus.VOID:
                await self.gateway.void(invoice)
            else:
                await self.adjustments.mark_uncollectible(invoice)
