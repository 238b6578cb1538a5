"""What Stripe has lost of what we hold: a customer or an invoice that is deleted there, and what was left of them."""

import stripe
import structlog

from billflow.models.contracts.invoices import InvoiceStatus, InvoiceToCollect, Issued
from billflow.payments.calls import ask_if_there
from billflow.payments.invoices import issued
from billflow.payments.voids import void_or_delete
from billflow.ports.payments import LostObject

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def was_deleted(client: stripe.StripeClient, stripe_customer_id: str) -> bool:
    """Tell whether a customer was deleted at Stripe; one that it never knew is another account's."""
    held = await ask_if_there("customer.retrieve", client.v1.customers.retrieve_async(stripe_customer_id))
    return held is not None and is_deleted(held)


def is_deleted(customer: stripe.Customer) -> bool:
    """Tell whether what Stripe shows is no more than that the customer was deleted."""
    return bool(customer.to_dict().get("deleted"))


async def lost_of(client: stripe.StripeClient, invoice: InvoiceToCollect) -> LostObject | None:
    """Return which of the two ids that we hold for an invoice names nothing any more, the customer's first.

    With the key of another account every id names nothing, so an invoice is lost only where its customer is there.
    """
    stripe_customer_id, stripe_invoice_id = invoice.customer.stripe_customer_id, invoice.stripe_invoice_id
    if stripe_customer_id is None:
        return None
    customer = await ask_if_there("customer.retrieve", client.v1.customers.retrieve_async(stripe_customer_id))
    if customer is None:
        return None
    if is_deleted(customer):
        return LostObject.CUSTOMER
    if stripe_invoice_id is None:
        return None
    held = await ask_if_there("invoice.retrieve", client.v1.invoices.retrieve_async(stripe_invoice_id))
    return LostObject.INVOICE if held is None else None


async def close_lost(client: stripe.StripeClient, invoice: InvoiceToCollect) -> Issued | None:
    """Void what Stripe had of the invoice before that was lost; return what was paid instead."""
    for stripe_invoice_id in invoice.lost_stripe_ids:
        held = await ask_if_there("invoice.retrieve", client.v1.invoices.retrieve_async(stripe_invoice_id))
        if held is not None and held.status == InvoiceStatus.PAID:
            return await issued(client, invoice, held)
        if held is not None:
            await _close(client, invoice, held)
    return None


async def _close(client: stripe.StripeClient, invoice: InvoiceToCollect, held: stripe.Invoice) -> None:
    """Void an invoice; where Stripe refuses that, for its customer is gone, reconciliation tells of both [assume]."""
    try:
        await void_or_delete(client, invoice.invoice_id, held)
    except stripe.InvalidRequestError:
        log.warning("a replaced invoice stays open", invoice=invoice.invoice_id, stripe_invoice=held.id)
