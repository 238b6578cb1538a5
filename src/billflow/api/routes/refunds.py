"""Credit notes and refunds, each a numbered document."""

from typing import cast

from fastapi import Response

from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.routes.invoices import EInvoiceResponse, PdfResponse, e_invoice_named, pdf_named
from billflow.api.services import ServicesHere
from billflow.models.contracts.adjustment_responses import CreditNoteResponse, RefundResponse
from billflow.models.contracts.adjustments import AdjustmentRef, CreditNoteRecord, RefundRecord

router = api_router("invoices")


@router.get("/credit-notes/{credit_note_id}", response_model=CreditNoteResponse)
async def show_credit_note(credit_note_id: str, services: ServicesHere, principal: PrincipalHere) -> CreditNoteRecord:
    """Show a credit note."""
    ref = AdjustmentRef(org_id=principal.org_id, kind="credit_note", adjustment_id=credit_note_id)
    return cast("CreditNoteRecord", await services.repositories.adjustments.get(ref))


@router.get("/credit-notes/{credit_note_id}/pdf", response_class=PdfResponse)
async def print_credit_note(credit_note_id: str, services: ServicesHere, principal: PrincipalHere) -> Response:
    """Return a credit note as a PDF file in its customer's language."""
    ref = AdjustmentRef(org_id=principal.org_id, kind="credit_note", adjustment_id=credit_note_id)
    return pdf_named(*await services.documents.adjustment_pdf(ref))


@router.get("/credit-notes/{credit_note_id}/e-invoice", response_class=EInvoiceResponse)
async def show_credit_note_e_invoice(credit_note_id: str, services: ServicesHere, principal: PrincipalHere) -> Response:
    """Return a credit note as XML by EN 16931 (Factur-X, ZUGFeRD), as it is in its PDF file too."""
    ref = AdjustmentRef(org_id=principal.org_id, kind="credit_note", adjustment_id=credit_note_id)
    return e_invoice_named(*await services.documents.credit_note_e_invoice(ref))


@router.get("/refunds/{refund_id}", response_model=RefundResponse)
async def show_refund(refund_id: str, services: ServicesHere, principal: PrincipalHere) -> RefundRecord:
    """Show a refund."""
    ref = AdjustmentRef(org_id=principal.org_id, kind="refund", adjustment_id=refund_id)
    return cast("RefundRecord", await services.repositories.adjustments.get(ref))


@router.get("/refunds/{refund_id}/pdf", response_class=PdfResponse)
async def print_refund(refund_id: str, services: ServicesHere, principal: PrincipalHere) -> Response:
    """Return the receipt of a refund as a PDF file in its customer's language."""
    ref = AdjustmentRef(org_id=principal.org_id, kind="refund", adjustment_id=refund_id)
    return pdf_named(*await services.documents.adjustment_pdf(ref))
