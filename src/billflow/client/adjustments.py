"""Calls about credit notes and refunds."""

from billflow.client.calls import Call, get
from billflow.models.contracts.adjustments import CreditNoteRecord, InvoiceAdjustments, RefundRecord


def of_invoice(invoice_id: str) -> Call[InvoiceAdjustments]:
    """List the credit notes and refunds of an invoice, and what is left to pay, to credit and to refund."""
    return get(f"/invoices/{invoice_id}/adjustments", InvoiceAdjustments)


def credit_note(credit_note_id: str) -> Call[CreditNoteRecord]:
    """Show a credit note."""
    return get(f"/credit-notes/{credit_note_id}", CreditNoteRecord)


def refund(refund_id: str) -> Call[RefundRecord]:
    """Show a refund."""
    return get(f"/refunds/{refund_id}", RefundRecord)
