"""A customer's invoices: all of them, each with its lines and how it stands, and its documents as files."""

from fastapi import APIRouter, Response

from billflow.api.routes.invoices import pdf_named
from billflow.documents.lines import columns_of, lines_of
from billflow.domain.errors import NotFound
from billflow.models.contracts.adjustments import AdjustmentRef
from billflow.models.contracts.invoice_adjustments import AdjustmentKind, InvoiceAdjustment
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, Paging
from billflow.pages.headers import PDF_POLICY
from billflow.portal.security import PortalRoute
from billflow.portal.shown import state_of
from billflow.portal.visits import PortalVisit, VisitHere

PER_PAGE = 25

_LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_FOLDERS = {AdjustmentKind.CREDIT_NOTE: "credit-notes", AdjustmentKind.REFUND: "refunds"}

router = APIRouter(route_class=PortalRoute)


@router.get("/invoices")
async def list_invoices(visit: VisitHere, after: str = "") -> Response:
    """List the customer's invoices, the newest first."""
    wanted = InvoiceFilter(customer_id=visit.ref.customer_id)
    paging = Paging(limit=PER_PAGE, after=after or None)
    found = await visit.services.queries.invoices.search(visit.ref.org_id, wanted, paging)
    now = (await visit.services.customers.access(visit.ref)).at
    rows = [(one, state_of(one, visit.reader, now)) for one in found.rows]
    return visit.page("invoices.html", rows=rows, next=found.next, after=after)


@router.get("/invoices/{invoice_id}")
async def show_invoice(visit: VisitHere, invoice_id: str) -> Response:
    """Show an invoice of the customer's with its lines, what was credited and refunded, and its documents."""
    invoice, content = await visit.invoice(invoice_id), visit.reader.content
    now = (await visit.services.customers.access(visit.ref)).at
    return visit.page(
        "invoice.html",
        invoice=invoice,
        columns=columns_of(invoice, content),
        lines=list(lines_of(invoice, content)),
        state=state_of(invoice, visit.reader, now),
        documents=[(_name(one, invoice, visit), _address(one)) for one in invoice.adjustments if one.number],
    )


@router.get("/invoices/{invoice_id}/pdf")
async def print_invoice(visit: VisitHere, invoice_id: str) -> Response:
    """Return an invoice of the customer's as a PDF file."""
    invoice = await visit.invoice(invoice_id)
    documents = visit.services.documents
    pdf = await documents.pdf(invoice.org_id, invoice.invoice_id)
    return _file(visit, pdf_named(await documents.name(invoice.org_id, invoice.invoice_id), pdf))


@router.get("/invoices/{invoice_id}/{folder}/{adjustment_id}/pdf")
async def print_adjustment(visit: VisitHere, invoice_id: str, folder: str, adjustment_id: str) -> Response:
    """Return a credit note, or the receipt of a refund, of an invoice of the customer's as a PDF file."""
    invoice = await visit.invoice(invoice_id)
    made = [one for one in invoice.adjustments if _address(one) == f"{folder}/{adjustment_id}"]
    if not made:
        raise NotFound("There is no such document of this invoice.")
    ref = AdjustmentRef(
        org_id=invoice.org_id,
        kind="credit_note" if made[0].kind is AdjustmentKind.CREDIT_NOTE else "refund",
        adjustment_id=adjustment_id,
    )
    return _file(visit, pdf_named(*await visit.services.documents.adjustment_pdf(ref)))


@router.get("/logo")
async def show_logo(visit: VisitHere) -> Response:
    """Return the seller's logo."""
    logo = visit.seller.logo
    if logo is None:
        raise NotFound("The seller has no logo.")
    return Response(logo.content, media_type=logo.media_type, headers={"Content-Security-Policy": _LOGO_POLICY})


def _file(visit: PortalVisit, response: Response) -> Response:
    """Let a file be shown in a window; from within a frame, which it would fill, it is saved."""
    response.headers["Content-Security-Policy"] = PDF_POLICY
    if visit.in_frame:
        shown = response.headers["Content-Disposition"]
        response.headers["Content-Disposition"] = shown.replace("inline", "attachment", 1)
    return response


def _address(one: InvoiceAdjustment) -> str:
    return f"{_FOLDERS.get(one.kind, '')}/{one.adjustment_id}"


def _name(one: InvoiceAdjustment, invoice: InvoiceDetail, visit: PortalVisit) -> str:
    content = visit.reader.content
    amount = content.amount(one.amount, invoice.currency)
    return visit.reader.say(one.kind, number=one.number, amount=amount, date=content.day(one.at))
