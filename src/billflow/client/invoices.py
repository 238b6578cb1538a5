"""Calls about invoices."""

from billflow.client.calls import Call, get
from billflow.client.models import Invoice, InvoiceInFull, Listed
from billflow.models.contracts.invoices import InvoiceStatus

_PATH = "/invoices"


def show(invoice_id: str) -> Call[InvoiceInFull]:
    """Show an invoice with its lines and the attempts to collect it."""
    return get(f"{_PATH}/{invoice_id}", InvoiceInFull)


def search(
    *,
    customer_id: str | None = None,
    plan_id: str | None = None,
    status: InvoiceStatus | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[Listed[Invoice]]:
    """List invoices, the newest first."""
    wanted = {"customer_id": customer_id, "plan_id": plan_id, "status": status}
    return get(_PATH, Listed[Invoice], **wanted, limit=limit, after=after)
