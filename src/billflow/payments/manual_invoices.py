"""Invoices that people made at Stripe by hand and that are to become ours."""

from datetime import UTC, datetime

import stripe

from billflow.domain.errors import NotFound
from billflow.domain.invoicing.stripe_tax import ComputedTax
from billflow.models.contracts.invoices import InvoiceStatus, InvoiceToCollect, SentInvoice
from billflow.payments import keys
from billflow.payments.amounts import from_stripe
from billflow.payments.calls import ask, ask_if_there
from billflow.payments.taxes import computed_taxes


async def sent_invoice(client: stripe.StripeClient, stripe_invoice_id: str) -> SentInvoice:
    """Return the invoice as Stripe holds it; raises `NotFound` or `StripeError`."""
    held = await ask_if_there("invoice.retrieve", client.v1.invoices.retrieve_async(stripe_invoice_id))
    if held is None:
        raise NotFound(f"Stripe has no invoice {stripe_invoice_id!r}.", field="sent_invoice_id")
    currency = held.currency.upper()
    return SentInvoice(
        stripe_invoice_id=held.id,
        stripe_customer_id=held.customer if isinstance(held.customer, str) else None,
        status=InvoiceStatus(held.status or "draft"),
        total=from_stripe(held.total, currency),
        currency=currency,
        due_at=datetime.fromtimestamp(held.due_date, UTC) if held.due_date else None,
        number=held.number,
        hosted_invoice_url=held.hosted_invoice_url,
        subtotal=from_stripe(held.subtotal, currency),
        taxes=await _taxes(client, held),
    )


async def _taxes(client: stripe.StripeClient, held: stripe.Invoice) -> tuple[ComputedTax, ...] | None:
    if not held.automatic_tax.enabled:
        return None
    return tuple(tax for of_line in (await computed_taxes(client, held)).values() for tax in of_line)


async def marked(client: stripe.StripeClient, invoice: InvoiceToCollect, held: stripe.Invoice) -> stripe.Invoice:
    """Return the Stripe invoice with our marks on it, by which its events are known to be ours."""
    if keys.is_marked(held, keys.invoice_identity(invoice)):
        return held
    marks: dict[str, str] = keys.invoice_metadata(invoice)
    return await ask("invoice.update", client.v1.invoices.update_async(held.id, {"metadata": marks}))
