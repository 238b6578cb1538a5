"""Find at Stripe what an earlier try may have left there: by List, which is never behind, and by our metadata."""

from datetime import timedelta

import stripe
import structlog

from billflow.models.contracts.invoices import BilledCustomer, InvoiceToCollect
from billflow.payments import keys
from billflow.payments.calls import ask, ask_all

PAGE = 100
CLOCK_DIFFERENCE = timedelta(minutes=5)
"""How far Stripe's clock may be behind ours."""

_BEST_FIRST = ("paid", "open", "uncollectible", "void", "draft")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def find_customer(client: stripe.StripeClient, customer: BilledCustomer) -> stripe.Customer | None:
    """Return the oldest Stripe customer of that e-mail address that is marked as this one."""
    marks = keys.customer_metadata(customer)
    listing = client.v1.customers.list_async({"email": customer.email, "limit": PAGE})
    return keys.oldest_marked(await ask_all("customer.list", listing), marks)


async def find_invoices(
    client: stripe.StripeClient, invoice: InvoiceToCollect, stripe_customer_id: str
) -> list[stripe.Invoice]:
    """Return the Stripe invoices marked as this one: the furthest on its way first, then the oldest."""
    query: stripe.params.InvoiceListParams = {"customer": stripe_customer_id, "limit": PAGE}
    if invoice.sent_first_at is not None:
        query["created"] = {"gte": int((invoice.sent_first_at - CLOCK_DIFFERENCE).timestamp())}
    marks = keys.invoice_identity(invoice)
    held = await ask_all("invoice.list", client.v1.invoices.list_async(query))
    ours = [one for one in reversed(held) if keys.is_marked(one, marks)]
    return sorted(ours, key=lambda held: _BEST_FIRST.index(held.status or "draft"))


async def adopt_invoice(
    client: stripe.StripeClient, invoice: InvoiceToCollect, stripe_customer_id: str
) -> stripe.Invoice | None:
    """Return the one Stripe invoice of this debt, None where there is none; surplus drafts are deleted."""
    found = await find_invoices(client, invoice, stripe_customer_id)
    if not found:
        return None
    adopted, *surplus = found
    for held in surplus:
        log.warning("surplus invoice", invoice=invoice.invoice_id, stripe_invoice=held.id, status=held.status)
        if held.status == "draft":
            await ask("invoice.delete", client.v1.invoices.delete_async(held.id))
    return adopted


async def line_ids(client: stripe.StripeClient, held: stripe.Invoice) -> set[str]:
    """Return the ids of our lines that a Stripe invoice holds."""
    lines = held.lines
    if not lines.data:
        return set()
    if lines.has_more:
        lines = await ask("invoice.line_items.list", client.v1.invoices.line_items.list_async(held.id, {"limit": PAGE}))
    ids = [keys.metadata_of(line).get(keys.LINE) async for line in lines.auto_paging_iter()]
    return {line_id for line_id in ids if line_id is not None}
