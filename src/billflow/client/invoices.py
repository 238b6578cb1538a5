"""Calls about invoices."""

from datetime import datetime

from billflow.client.calls import Call, ask, get, given, write
from billflow.domain.dunning import DunningAction
from billflow.models.contracts.adjustment_responses import (
    CreditNoteResponse,
    InvoiceAdjustmentsResponse,
    RefundResponse,
)
from billflow.models.contracts.adjustments import CreditNoteCreate, RefundCreate
from billflow.models.contracts.explanations import InvoiceExplanation
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.previews import ReissuePreviewResponse
from billflow.models.contracts.proofs import InvoiceProof
from billflow.models.contracts.reissues import ReissueCreate
from billflow.models.contracts.responses import InvoiceDetailResponse, InvoiceList, PaymentAttemptResponse

_PATH = "/invoices"


def show(invoice_id: str, *, as_of: datetime | None = None) -> Call[InvoiceDetailResponse]:
    """Show an invoice with its lines, its adjustments and the attempts to collect it, as they are or were known."""
    return get(f"{_PATH}/{invoice_id}", InvoiceDetailResponse, as_of=as_of)


def search(  # noqa: PLR0913  (each is one filter)
    *,
    customer_id: str | None = None,
    plan_id: str | None = None,
    status: InvoiceStatus | None = None,
    number: str | None = None,
    currency: str | None = None,
    unpaid: bool | None = None,
    next_action: DunningAction | None = None,
    issued_since: datetime | None = None,
    issued_until: datetime | None = None,
    due_since: datetime | None = None,
    due_until: datetime | None = None,
    paid_since: datetime | None = None,
    paid_until: datetime | None = None,
    as_of: datetime | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[InvoiceList]:
    """List invoices, the newest first: from `*_since` on, and before `*_until`; *unpaid* are drafts and open ones."""
    named = {"customer_id": customer_id, "plan_id": plan_id, "status": status, "number": number, "currency": currency}
    wanted = {"unpaid": unpaid, "next_action": next_action, "issued_since": issued_since, "issued_until": issued_until}
    spans = {"due_since": due_since, "due_until": due_until, "paid_since": paid_since, "paid_until": paid_until}
    return get(_PATH, InvoiceList, **named, **wanted, **spans, as_of=as_of, limit=limit, after=after)


def explain(invoice_id: str, *, as_of: datetime | None = None) -> Call[InvoiceExplanation]:
    """Trace every number of every line back to price, quantity, period, share and rounding."""
    return get(f"{_PATH}/{invoice_id}/explain", InvoiceExplanation, as_of=as_of)


def proof(invoice_id: str) -> Call[InvoiceProof]:
    """Return all that an invoice was made from, with the entries of the audit log up to a signed root."""
    return get(f"{_PATH}/{invoice_id}/proof", InvoiceProof)


def pdf(invoice_id: str, *, as_of: datetime | None = None) -> Call[bytes]:
    """Return the invoice as a PDF file in its customer's language."""
    return get(f"{_PATH}/{invoice_id}/pdf", bytes, as_of=as_of)


def html(invoice_id: str, *, as_of: datetime | None = None) -> Call[bytes]:
    """Return the invoice as HTML for a mail, in its customer's language."""
    return get(f"{_PATH}/{invoice_id}/html", bytes, as_of=as_of)


def e_invoice(invoice_id: str) -> Call[bytes]:
    """Return an issued invoice as XML by EN 16931 (Factur-X, ZUGFeRD)."""
    return get(f"{_PATH}/{invoice_id}/e-invoice", bytes)


def adjustments(invoice_id: str) -> Call[InvoiceAdjustmentsResponse]:
    """List the invoice's credit notes and refunds, and what is left to pay, to credit and to refund."""
    return get(f"{_PATH}/{invoice_id}/adjustments", InvoiceAdjustmentsResponse)


def pay(invoice_id: str, *, key: str | None = None) -> Call[PaymentAttemptResponse]:
    """Collect an open invoice now: charge the card, or send it again."""
    return write("POST", f"{_PATH}/{invoice_id}/pay", PaymentAttemptResponse, None, key)


def refund(invoice_id: str, refund: RefundCreate | None = None, *, key: str | None = None) -> Call[RefundResponse]:
    """Refund to the card, all that is left where nothing is named; or record a refund made outside Stripe."""
    return write("POST", f"{_PATH}/{invoice_id}/refund", RefundResponse, refund, key)


def credit(
    invoice_id: str, credit_note: CreditNoteCreate | None = None, *, key: str | None = None
) -> Call[CreditNoteResponse]:
    """Credit an invoice: first what is still to be paid, then what was paid."""
    return write("POST", f"{_PATH}/{invoice_id}/credit-notes", CreditNoteResponse, credit_note, key)


def void(
    invoice_id: str, reason: str | None = None, *, waived: bool = False, key: str | None = None
) -> Call[InvoiceDetailResponse]:
    """Void an open invoice; unless it is waived, what it billed is to be issued again."""
    body = given(reason=reason, waived=waived)
    return write("POST", f"{_PATH}/{invoice_id}/void", InvoiceDetailResponse, body, key)


def reissue(
    invoice_id: str, corrections: ReissueCreate | None = None, *, key: str | None = None
) -> Call[InvoiceDetailResponse]:
    """Issue an invoice again in its place, as it is or corrected: an open one is voided, a paid one is credited."""
    return write("POST", f"{_PATH}/{invoice_id}/reissue", InvoiceDetailResponse, corrections, key)


def preview_reissue(invoice_id: str, corrections: ReissueCreate | None = None) -> Call[ReissuePreviewResponse]:
    """Say what issuing an invoice again would come to; nothing is written."""
    return ask(f"{_PATH}/{invoice_id}/reissue/preview", ReissuePreviewResponse, corrections)


def mark_paid(invoice_id: str, reference: str, *, key: str | None = None) -> Call[InvoiceDetailResponse]:
    """Mark an invoice paid that was paid outside Stripe, by bank transfer for instance."""
    return write("POST", f"{_PATH}/{invoice_id}/mark-paid", InvoiceDetailResponse, {"reference": reference}, key)


def mark_uncollectible(
    invoice_id: str, reason: str | None = None, *, key: str | None = None
) -> Call[InvoiceDetailResponse]:
    """Give an open invoice up; its customer may still pay it."""
    return write("POST", f"{_PATH}/{invoice_id}/mark-uncollectible", InvoiceDetailResponse, given(reason=reason), key)
