"""An invoice on one page: why each amount is what it is, what was adjusted and tried, and the document itself."""

from urllib.parse import quote

from fastapi import APIRouter, Response

from billflow.api.routes.invoices import pdf_named
from billflow.console.adjustments import KINDS, offered_adjustments
from billflow.console.security import PDF_POLICY, ConsoleRoute
from billflow.console.services import ConsoleService
from billflow.console.visits import VisitHere
from billflow.domain.scopes import Scope
from billflow.models.contracts.explanations import InvoiceExplanation
from billflow.models.contracts.records import InvoiceDetail
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id

router = APIRouter(route_class=ConsoleRoute)


@router.get("/invoices/{invoice_id}")
async def show_invoice(visit: VisitHere, invoice_id: str, done: str = "") -> Response:
    """Show an invoice with its lines, each explained, its adjustments, attempts and mails, and the document.

    *done* names the adjustment that was just made.
    """
    invoice = await visit.services.queries.invoices.get(visit.org_id, invoice_id)
    return visit.page(
        "invoice.html",
        as_of=None,
        invoice=invoice,
        explained=InvoiceExplanation.of_invoice(invoice),
        mails=await visit.services.repositories.mails.of_invoice(visit.org_id, invoice_id),
        links=links_of(visit.console, invoice),
        actions=offered_adjustments(invoice) if Scope.SUPPORT in visit.principal.scopes else [],
        done=KINDS[done].title if done in KINDS else "",
    )


@router.get("/invoices/{invoice_id}/pdf")
async def print_invoice(visit: VisitHere, invoice_id: str) -> Response:
    """Return the document, which the invoice's page shows inside it."""
    pdf = await visit.services.documents.pdf(visit.org_id, invoice_id)
    response = pdf_named(await visit.services.documents.name(visit.org_id, invoice_id), pdf)
    response.headers["Content-Security-Policy"] = PDF_POLICY
    return response


def links_of(console: ConsoleService, invoice: InvoiceDetail) -> dict[str, str]:
    """Return where else the invoice is, by name: at Stripe, and the workflows in Temporal's Web UI."""
    links = {}
    if console.stripe_dashboard and invoice.stripe_invoice_id:
        links["Invoice at Stripe"] = f"{console.stripe_dashboard}/invoices/{quote(invoice.stripe_invoice_id)}"
    if (hosted := invoice.hosted_invoice_url or "").startswith(("https://", "http://")):
        links["Page on which the customer pays"] = hosted
    if console.temporal_ui:
        workflows = {
            "Collection": collection_workflow_id(invoice.invoice_id),
            "Plan": plan_workflow_id(invoice.plan_id),
        }
        for name, workflow_id in workflows.items():
            links[f"{name} in Temporal"] = f"{console.temporal_ui}/workflows/{quote(workflow_id, safe='')}"
    return links
