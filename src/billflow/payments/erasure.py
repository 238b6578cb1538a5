"""Erasure of a customer at Stripe, which keeps its invoices."""

from dataclasses import dataclass

import stripe

from billflow.payments.calls import ask
from billflow.payments.errors import code_of, port_faults
from billflow.ports.personal_data import PaymentsErasure

BLANK = "Erased customer"


@dataclass(frozen=True)
class StripeErasure(PaymentsErasure):
    """The personal data that Stripe has."""

    client: stripe.StripeClient

    async def erase_customer(self, stripe_customer_id: str) -> None:
        with port_faults():
            try:
                await self._erase(stripe_customer_id)
            except stripe.InvalidRequestError as error:
                if code_of(error) != "resource_missing":
                    raise

    async def _erase(self, stripe_customer_id: str) -> None:
        customers = self.client.v1.customers
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
