"""Credit notes and refunds, as the API answers them."""

from billflow.models.contracts.adjustments import CreditNoteRecord, InvoiceAdjustments, RefundRecord
from billflow.models.contracts.responses import ResourceResponse, ResponseModel, shown_as


class RefundResponse(ResourceResponse, RefundRecord):
    """A refund as it stands; `credit_note_id` is the note that it is a part of."""

    refund_id: str = shown_as("id", "refund_id")


class CreditNoteResponse(ResourceResponse, CreditNoteRecord):
    """A credit note as it stands: what it lowered before payment, refunded, and put on the customer's balance."""

    credit_note_id: str = shown_as("id", "credit_note_id")


class InvoiceAdjustmentsResponse(ResponseModel, InvoiceAdjustments):
    """All credit notes and refunds of an invoice, the oldest first, and what is left of it."""

    credit_notes: tuple[CreditNoteResponse, ...]
    refunds: tuple[RefundResponse, ...]
