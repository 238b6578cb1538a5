"""What is done at Stripe around an invoice that takes the place of another one, however often it is collected."""

from dataclasses import dataclass
from datetime import datetime

from billflow.activities.adjustments import sent
from billflow.models.contracts.adjustments import AdjustmentStatus, SendAdjustmentInput
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus, InvoiceToCollect
from billflow.ports.adjustments import AdjustmentRepository
from billflow.ports.invoices import InvoiceRepository
from billflow.ports.payments import AdjustmentGateway, PaymentGateway, PaymentsRejected

_PAID = "invoice_paid"


@dataclass(frozen=True)
class ReplacedInvoices:
    """Voids or credits at Stripe what our database has; each may happen twice (rules 28.1)."""

    invoices: InvoiceRepository
    adjustments: AdjustmentRepository
    gateway: PaymentGateway
    adjustment_gateway: AdjustmentGateway

    async def close(self, invoice: InvoiceToCollect, at: datetime) -> bool:
        """Close what *invoice* replaces, unless that is done; tell whether there is anything to look at again.

        Where that was paid meanwhile, or Stripe refuses to credit it, the new invoice is void afterwards. Raises
        `PaymentsUnavailable`, or `PaymentsRejected` for another reason.
        """
        if invoice.replaces_invoice_id is None or invoice.stripe_invoice_id is not None:
            return False
        replaced = InvoiceRef(org_id=invoice.org_id, invoice_id=invoice.replaces_invoice_id)
        for note in (await self.adjustments.of_invoice(replaced.org_id, replaced.invoice_id)).credit_notes:
            if note.status is AdjustmentStatus.REQUESTED:
                asked = SendAdjustmentInput(
                    org_id=replaced.org_id, kind="credit_note", adjustment_id=note.credit_note_id, at=at
                )
                await sent(self.adjustments, self.adjustment_gateway, asked)
        await self._void(replaced, at)
        return True

    async def credit_anew(self, ref: InvoiceRef) -> None:
        """Credit what Stripe had lost and has again with what was credited of it before a payment.

        Raises `PaymentsUnavailable`, or `PaymentsRejected` where Stripe refuses that.
        """
        for note in await self.adjustments.notes_before_payment(ref):
            result = await self.adjustment_gateway.create(await self.adjustments.to_send(note))
            if result.status is AdjustmentStatus.REJECTED:
                raise PaymentsRejected(result.message or "Stripe refuses a credit note.")

    async def _void(self, replaced: InvoiceRef, at: datetime) -> None:
        invoice = await self.invoices.invoice_to_collect(replaced)
        if invoice.status is not InvoiceStatus.VOID:
            return
        try:
            await self.gateway.void(invoice)
        except PaymentsRejected as error:
            if error.reason != _PAID:
                raise
            await self.invoices.record_closed(replaced, InvoiceStatus.PAID, at)
