"""What activities need of refunds, credit notes and closed invoices as rows."""

from datetime import datetime
from typing import Protocol

from billflow.models.contracts.adjustments import (
    AdjustmentRef,
    AdjustmentResult,
    AdjustmentToSend,
    InvoiceAdjustments,
    VoidInput,
)
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus


class AdjustmentRepository(Protocol):
    """What is taken back of invoices; every method is one transaction and safe to repeat."""

    async def close(self, ask: VoidInput) -> InvoiceStatus:
        """Void an open invoice or give it up, and return how it stands; raises `Refused` or `NotFound`."""

    async def of_invoice(self, org_id: str, invoice_id: str) -> InvoiceAdjustments:
        """Return the credit notes and refunds of an invoice; raises `NotFound`."""

    async def to_send(self, ref: AdjustmentRef) -> AdjustmentToSend:
        """Return all that the gateway needs of a credit note or refund."""

    async def notes_before_payment(self, ref: InvoiceRef) -> tuple[AdjustmentRef, ...]:
        """Return the credit notes that lowered what is still to be paid of an invoice, the oldest first."""

    async def record_result(self, ref: AdjustmentRef, result: AdjustmentResult, at: datetime) -> None:
        """Remember what Stripe said of it."""
