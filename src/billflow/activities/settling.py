"""Money that goes back, and invoices that are given up, at Stripe. Any of these may run twice."""

from dataclasses import dataclass

from temporalio import activity

from billflow.activities.faults import asking_stripe, try_again
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.settling import InvoiceSettling, SettlementAnswered, SettlementMoment, SettlementStatus
from billflow.ports.billing import Books, PaymentGateway, PaymentsRejected, PaymentsUnavailable
from billflow.ports.collection import SettlementGateway


@dataclass(frozen=True)
class SettlingActivities:
    """What our books decided, brought to Stripe."""

    books: Books
    gateway: PaymentGateway
    settlements: SettlementGateway

    @activity.defn
    async def settle(self, moment: SettlementMoment) -> SettlementAnswered:
        """Make a refund or credit note at Stripe and remember the answer; a refusal is an answer."""
        wanted = await self.books.to_send(moment)
        try:
            answer = await self.settlements.settle(wanted)
        except PaymentsUnavailable as error:
            try_again(error)
        except PaymentsRejected as error:
            answer = SettlementAnswered(status=SettlementStatus.REJECTED, message=str(error))
        await self.books.record_answer(moment, answer, moment.at)
        return answer

    @activity.defn
    async def close(self, settling: InvoiceSettling) -> None:
        """Void an invoice at Stripe, or give it up there; our books have done so already."""
        invoice = await self.books.invoice_to_collect(settling)
        with asking_stripe():
            if settling.to is InvoiceStatus.VOID:
                await self.gateway.void(invoice)
            else:
                await self.settlements.mark_uncollectible(invoice)
