"""Erasure of a customer at Stripe, which keeps its invoices."""

import stripe

from billflow.payments.calls import ask
from billflow.payments.errors import code_of, port_faults

BLANK = "Erased customer"


async def erase_customer(client: stripe.StripeClient, stripe_customer_id: str) -> None:
    """Blank and delete a customer at Stripe, whose invoices stay there; done already is done.

    Raises `PaymentsUnavailable` or `PaymentsRejected`.
    """
    with port_faults():
        try:
            await _erase(client, stripe_customer_id)
        except stripe.InvalidRequestError as error:
            if code_of(error) != "resource_missing":
                raise


async def _erase(client: stripe.StripeClient, stripe_customer_id: str) -> None:
    customers = client.v1.customers
    customer = await ask("customer.retrieve", customers.retrieve_async(stripe_customer_id))
    if getattr(customer, "deleted", False):
        return
    blank: stripe.params.CustomerUpdateParams = {
        "name": BLANK,
        "email": "",
        "phone": "",
        "description": "",
        "address": "",
        "shipping": "",
    }
    await ask("customer.update", customers.update_async(stripe_customer_id, blank))
    await ask("customer.delete", customers.delete_async(stripe_customer_id))
