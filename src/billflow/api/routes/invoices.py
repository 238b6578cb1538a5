"""Invoices, and how each of their numbers came about."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Response
from fastapi.responses import HTMLResponse
from pydantic import ConfigDict

from billflow.api.as_of import PastMoment, documents, known
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.explanations import InvoiceExplanation
from billflow.models.contracts.proofs import InvoiceProof
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, Paging
from billflow.models.contracts.responses import InvoiceDetailResponse, InvoiceList

router = api_router("invoices", "/invoices")


class PdfResponse(Response):
    """A PDF file."""

    media_type = "application/pdf"


class EInvoiceResponse(Response):
    """An e-invoice as XML."""

    media_type = "application/xml"


class InvoiceQuery(InvoiceFilter, Paging):
    """Which invoices to list, and which part of the list; as of when."""

    model_config = ConfigDict(extra="forbid")

    as_of: PastMoment = None


@router.get("")
async def list_invoices(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[InvoiceQuery, Query()]
) -> InvoiceList:
    """List invoices, the newest first."""
    return InvoiceList.of(await services.queries.as_of(which.as_of).invoices.search(principal.org_id, which, which))


@router.get("/{invoice_id}", response_model=InvoiceDetailResponse)
async def show_invoice(
    invoice_id: str, services: ServicesHere, principal: PrincipalHere, as_of: PastMoment = None
) -> InvoiceDetail:
    """Show an invoice with its lines, its adjustments and the attempts to collect it, as they are or were known."""
    return await known(services, as_of, lambda queries: queries.invoices.get(principal.org_id, invoice_id))


@router.get("/{invoice_id}/explain")
async def explain_invoice(
    invoice_id: str, services: ServicesHere, principal: PrincipalHere, as_of: PastMoment = None
) -> InvoiceExplanation:
    """Trace every number of every line back to price, quantity, period, share and rounding; tell each adjustment."""
    return InvoiceExplanation.of_invoice(await show_invoice(invoice_id, services, principal, as_of))


@router.get("/{invoice_id}/proof")
async def prove_invoice(invoice_id: str, services: ServicesHere, principal: PrincipalHere) -> InvoiceProof:
    """Return all that an invoice was made from, with the entries of the audit log up to a signed root."""
    return await services.proofs.prove(principal.org_id, invoice_id)


@router.get("/{invoice_id}/pdf", response_class=PdfResponse)
async def print_invoice(
    invoice_id: str, services: ServicesHere, principal: PrincipalHere, as_of: PastMoment = None
) -> PdfResponse:
    """Return the invoice as a PDF file in its customer's language, named by its number."""
    found = documents(services, as_of)
    pdf = await found.pdf(principal.org_id, invoice_id)
    return pdf_named(await found.name(principal.org_id, invoice_id), pdf)


@router.get("/{invoice_id}/html", response_class=HTMLResponse)
async def write_invoice(
    invoice_id: str, services: ServicesHere, principal: PrincipalHere, as_of: PastMoment = None
) -> HTMLResponse:
    """Return the invoice as HTML for a mail, in its customer's language."""
    return HTMLResponse(await documents(services, as_of).html(principal.org_id, invoice_id))


@router.get("/{invoice_id}/e-invoice", response_class=EInvoiceResponse)
async def show_e_invoice(invoice_id: str, services: ServicesHere, principal: PrincipalHere) -> EInvoiceResponse:
    """Return an issued invoice as XML by EN 16931 (Factur-X, ZUGFeRD), as it is in its PDF file too."""
    xml = await services.documents.e_invoice(principal.org_id, invoice_id)
    return e_invoice_named(await services.documents.name(principal.org_id, invoice_id), xml)


def e_invoice_named(name: str, xml: bytes) -> EInvoiceResponse:
    """Return an e-invoice under a name."""
    return EInvoiceResponse(xml, headers={"Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}.xml"})


def pdf_named(name: str, pdf: bytes) -> PdfResponse:
    """Return a PDF file under a name."""
    return PdfResponse(pdf, headers={"Content-Disposition": f"inline; filename*=UTF-8''{quote(name)}.pdf"})
