"""Test cards for customers, in place of a person with a browser: for the demo and the tests, never with live keys."""

import stripe

from billflow.payments.calls import ask
from billflow.payments.errors import port_faults
from billflow.payments.mode import is_live
from billflow.settings import SettingsError

GOOD_CARD = "pm_card_visa"
DECLINING_CARD = "pm_card_chargeCustomerFail"
CONFIRMING_CARD = "pm_card_authenticationRequired"
"""Stripe's names of test cards that attach, then pay, decline, or want the customer to confirm."""


class Sandbox:
    """What customers do by themselves in real life; with a live *api_key* all of it raises `SettingsError`."""

    def __init__(self, client: stripe.StripeClient, api_key: str) -> None:
        self.client, self.is_live = client, is_live(api_key)

    async def give_card(self, stripe_customer_id: str, card: str = GOOD_CARD) -> str:
        """Make a test card the customer's default, in place of the one before, and return its id.

        Raises the port's exceptions: some test cards can't even be attached.
        """
        self._check_mode()
        with port_faults():
            customer = await ask("customer.retrieve", self.client.v1.customers.retrieve_async(stripe_customer_id))
            method = await ask(
                "payment_method.attach",
                self.client.v1.payment_methods.attach_async(card, {"customer": stripe_customer_id}),
            )
            await ask(
                "customer.update",
                self.client.v1.customers.update_async(
                    stripe_customer_id, {"invoice_settings": {"default_payment_method": method.id}}
                ),
            )
            await self._take_away(customer)
            return method.id

    async def take_card(self, stripe_customer_id: str) -> None:
        """Take the customer's default card away."""
        self._check_mode()
        with port_faults():
            customer = await ask("customer.retrieve", self.client.v1.customers.retrieve_async(stripe_customer_id))
            await self._take_away(customer)

    def _check_mode(self) -> None:
        if self.is_live:
            raise SettingsError("STRIPE_API_KEY is a live key; test cards need one that begins with sk_test_.")

    async def _take_away(self, customer: stripe.Customer) -> None:
        card = customer.invoice_settings.default_payment_method if customer.invoice_settings else None
        if isinstance(card, str):
            await ask("payment_method.detach", self.client.v1.payment_methods.detach_async(card))
