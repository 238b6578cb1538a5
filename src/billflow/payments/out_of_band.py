"""Tell Stripe of an invoice that was paid outside it."""

import stripe

from billflow.payments import keys
from billflow.payments.calls import act_unless_done, ask, retrieve_invoice
from billflow.payments.texts import fitted

_TO_PAY = ("open", "uncollectible")


async def pay_out_of_band(client: stripe.StripeClient, invoice_id: str, held: stripe.Invoice, reference: str) -> None:
    """Mark the invoice paid at Stripe, its metadata naming the payment; a draft is deleted, and nothing asks for it.

    Done already is done, and so is what Stripe has as paid or void.
    """
    if held.status == "draft":
        await ask("invoice.delete", client.v1.invoices.delete_async(held.id))
    if held.status not in _TO_PAY:
        return

    async def look() -> stripe.Invoice | None:
        found = await retrieve_invoice(client, held.id)
        return None if found.status in _TO_PAY else found

    marks: stripe.params.InvoiceUpdateParams = {"metadata": {keys.OUT_OF_BAND: reference}}
    await ask("invoice.update", client.v1.invoices.update_async(held.id, fitted("invoice.update", marks)))
    await act_unless_done(
        keys.act("invoice.pay_out_of_band", invoice_id),
        lambda options: client.v1.invoices.pay_async(held.id, {"paid_out_of_band": True}, options),
        look,
    )
