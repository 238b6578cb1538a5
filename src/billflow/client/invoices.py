"""Calls about invoices."""

from billflow.client.calls import Call, get
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.responses import InvoiceDetailResponse, InvoiceList

_PATH = "/invoices"


def show(invoice_id: str) -> Call[InvoiceDetailResponse]:
    """Show an invoice with its lines, its adjustments and the attempts to collect it."""
    return get(f"{_PATH}/{invoice_id}", InvoiceDetailResponse)


def search(  # noqa: PLR0913  (each is one filter)
    *,
    customer_id: str | None = None,
    plan_id: str | None = None,
    status: InvoiceStatus | None = None,
    number: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[InvoiceList]:
    """List invoices, the newest first."""
    wanted = {"customer_id": customer_id, "plan_id": plan_id, "status": status, "number": number}
    return get(_PATH, InvoiceList, **wanted, limit=limit, after=after)
