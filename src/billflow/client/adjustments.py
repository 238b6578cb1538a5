"""Calls about credit notes and refunds."""

from billflow.client.calls import Call, get
from billflow.models.contracts.adjustment_responses import CreditNoteResponse, RefundResponse


def credit_note(credit_note_id: str) -> Call[CreditNoteResponse]:
    """Show a credit note."""
    return get(f"/credit-notes/{credit_note_id}", CreditNoteResponse)


def credit_note_pdf(credit_note_id: str) -> Call[bytes]:
    """Return a credit note as a PDF file in its customer's language."""
    return get(f"/credit-notes/{credit_note_id}/pdf", bytes)


def credit_note_e_invoice(credit_note_id: str) -> Call[bytes]:
    """Return a credit note as XML by EN 16931 (Factur-X, ZUGFeRD)."""
    return get(f"/credit-notes/{credit_note_id}/e-invoice", bytes)


def refund(refund_id: str) -> Call[RefundResponse]:
    """Show a refund."""
    return get(f"/refunds/{refund_id}", RefundResponse)


def refund_pdf(refund_id: str) -> Call[bytes]:
    """Return the receipt of a refund as a PDF file in its customer's language."""
    return get(f"/refunds/{refund_id}/pdf", bytes)
