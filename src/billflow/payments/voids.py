"""Void an invoice that is not paid, or delete it while it is a draft."""

import stripe

from billflow.payments import keys
from billflow.payments.calls import act_unless_done, ask, retrieve_invoice
from billflow.ports.payments import PaymentsRejected

_TO_VOID = ("open", "uncollectible")


async def void_or_delete(client: stripe.StripeClient, invoice_id: str, held: stripe.Invoice) -> None:
    """Delete or void the invoice, where it is not void already; raises `PaymentsRejected` where it is paid."""
    if held.status == "draft":
        await ask("invoice.delete", client.v1.invoices.delete_async(held.id))
    elif held.status in _TO_VOID:
        await _void(client, invoice_id, held.id)
    elif held.status == "paid":
        raise _paid(held.id)


async def _void(client: stripe.StripeClient, invoice_id: str, stripe_invoice_id: str) -> None:
    async def look() -> stripe.Invoice | None:
        held = await retrieve_invoice(client, stripe_invoice_id)
        return None if held.status in _TO_VOID else held

    held = await act_unless_done(
        keys.act("invoice.void", invoice_id),
        lambda options: client.v1.invoices.void_invoice_async(stripe_invoice_id, {}, options),
        look,
    )
    if held.status == "paid":
        raise _paid(stripe_invoice_id)


def _paid(stripe_invoice_id: str) -> PaymentsRejected:
    return PaymentsRejected(f"Stripe's invoice {stripe_invoice_id} is paid; refund it instead.", code="invoice_paid")
