"""Forgetting a customer at Stripe, which keeps its invoices."""

from dataclasses import dataclass

import stripe

from billflow.payments.calls import ask
from billflow.payments.errors import code_of, port_faults

BLANK = "Erased customer"


@dataclass(frozen=True)
class StripeErasure:
    """`ports_privacy.PaymentsErasure` by Stripe."""

    client: stripe.StripeClient

    async def forget(self, stripe_customer_id: str) -> None:
        """Blank a customer and delete it, so that neither it nor its payment methods can be used; gone stays gone."""
        with port_faults():
            try:
                await self._forget(stripe_customer_id)
            except stripe.InvalidRequestError as error:
                if code_of(error) != "resource_missing":
                    raise

    async def _forget(self, stripe_customer_id: str) -> None:
        customers = self.client.v1.customers
        held = await ask("customer.retrieve", customers.retrieve_async(stripe_customer_id))
        if getattr(held, "deleted", False):
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
