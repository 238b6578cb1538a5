"""Adjustments at Stripe: refunds, credit notes, voids, write-offs. Any of these may run twice."""

from dataclasses import dataclass

from temporalio import activity

from billflow.activities.stripe_errors import retry_later, stripe_errors
from billflow.models.contracts.adjustments import (
    AdjustmentResult,
    AdjustmentStatus,
    CloseInvoiceInput,
    SendAdjustmentInput,
)
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.ports.adjustments import AdjustmentRepository
from billflow.ports.invoices import InvoiceRepository
from billflow.ports.payments import AdjustmentGateway, PaymentGateway, PaymentsRejected, PaymentsUnavailable


async def sent(
    adjustments: AdjustmentRepository, gateway: AdjustmentGateway, adjustment: SendAdjustmentInput
) -> AdjustmentResult:
    """Make a refund or credit note at Stripe and record the result, a refusal too; raises `PaymentsUnavailable`."""
    try:
        result = await gateway.create(await adjustments.to_send(adjustment))
    except PaymentsRejected as error:
        result = AdjustmentResult(status=AdjustmentStatus.REJECTED, message=str(error))
    await adjustments.record_result(adjustment, result, adjustment.at)
    return result


@dataclass(frozen=True)
class AdjustmentActivities:
    """What our database has recorded, brought to Stripe."""

    invoices: InvoiceRepository
    adjustments: AdjustmentRepository
    gateway: PaymentGateway
    adjustment_gateway: AdjustmentGateway

    @activity.defn
    async def send_adjustment(self, adjustment: SendAdjustmentInput) -> AdjustmentResult:
        """Make a refund or credit note at Stripe and record the result; a refusal is a result."""
        try:
            return await sent(self.adjustments, self.adjustment_gateway, adjustment)
        except PaymentsUnavailable as error:
            retry_later(error)

    @activity.defn
    async def close_invoice(self, closure: CloseInvoiceInput) -> None:
        """Void an invoice at Stripe, or mark it uncollectible or paid there; our database has done so already."""
        invoice = await self.invoices.invoice_to_collect(closure)
        with stripe_errors():
            if closure.to is InvoiceStatus.VOID:
                await self.gateway.void(invoice)
            elif closure.to is InvoiceStatus.PAID:
                await self.gateway.pay_out_of_band(invoice, invoice.out_of_band_reference or "")
            else:
                await self.adjustment_gateway.mark_uncollectible(invoice)
