"""Calls about invoices."""

from billflow.client.calls import Call, get
from billflow.client.models import InvoiceDetailObject, InvoiceObject, ListObject
from billflow.models.contracts.invoices import InvoiceStatus

_PATH = "/invoices"


def show(invoice_id: str) -> Call[InvoiceDetailObject]:
    """Show an invoice with its lines and the attempts to collect it."""
    return get(f"{_PATH}/{invoice_id}", InvoiceDetailObject)


def search(
    *,
    customer_id: str | None = None,
    plan_id: str | None = None,
    status: InvoiceStatus | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[ListObject[InvoiceObject]]:
    """List invoices, the newest first."""
    wanted = {"customer_id": customer_id, "plan_id": plan_id, "status": status}
    return get(_PATH, ListObject[InvoiceObject], **wanted, limit=limit, after=after)
