"""How customers give us a way to pay: pages of Stripe's, and the card they enter there."""

from dataclasses import dataclass

import stripe

from billflow.models.contracts.invoices import BilledCustomer
from billflow.payments import keys
from billflow.payments.calls import ask, ask_if_there, id_of
from billflow.payments.errors import port_faults
from billflow.payments.invoice_losses import was_deleted
from billflow.payments.texts import fitted
from billflow.ports.payments import PaymentGateway, PaymentsUnavailable


@dataclass(frozen=True)
class StripePaymentMethods:
    """Pages and cards of customers at Stripe; `gateway` makes customers that Stripe does not know yet."""

    client: stripe.StripeClient
    gateway: PaymentGateway

    async def ensure_customer(self, customer: BilledCustomer) -> str:
        """Return the id of the Stripe customer, making it where there is none yet."""
        return await self.gateway.ensure_customer(customer)

    async def card_link(self, customer: BilledCustomer, return_url: str, key: str | None = None) -> str:
        """Return the address of a page where the customer enters a card, one for each *key*; it holds for a day."""
        params: stripe.params.checkout.SessionCreateParams = {
            "mode": "setup",
            "customer": await self.gateway.ensure_customer(customer),
            "currency": customer.currency.lower(),
            "success_url": return_url,
            "metadata": keys.customer_metadata(customer),
            "setup_intent_data": {"metadata": keys.customer_metadata(customer)},
        }
        with port_faults():
            session = await ask(
                "checkout.session.create",
                self.client.v1.checkout.sessions.create_async(
                    fitted("checkout.session.create", params), {"idempotency_key": f"card-link/{key}"} if key else {}
                ),
            )
        return _address(session.url)

    async def portal_link(self, customer: BilledCustomer, return_url: str) -> str:
        """Return the address of a page where the customer sees its invoices and changes its card."""
        params: stripe.params.billing_portal.SessionCreateParams = {
            "customer": await self.gateway.ensure_customer(customer),
            "return_url": return_url,
        }
        with port_faults():
            session = await ask(
                "billing_portal.session.create",
                self.client.v1.billing_portal.sessions.create_async(fitted("billing_portal.session.create", params)),
            )
        return _address(session.url)

    async def adopt_card(self, session_id: str) -> tuple[str, str] | None:
        """Make the card entered in a checkout session the default one, in place of the one before.

        Return the ids of the Stripe customer and the payment method, None where nothing was entered.
        """
        with port_faults():
            session = await ask(
                "checkout.session.retrieve",
                self.client.v1.checkout.sessions.retrieve_async(session_id, {"expand": ["setup_intent"]}),
            )
            setup, customer_id = session.setup_intent, id_of(session.customer)
            method_id = id_of(setup.payment_method) if isinstance(setup, stripe.SetupIntent) else None
            if customer_id is None or method_id is None:
                return None
            await self._make_default(customer_id, method_id)
            return customer_id, method_id

    async def default_card(self, stripe_customer_id: str) -> str | None:
        """Return the id of the customer's default payment method, None where it has none or is gone."""
        with port_faults():
            retrieving = self.client.v1.customers.retrieve_async(stripe_customer_id)
            customer = await ask_if_there("customer.retrieve", retrieving)
        settings = (customer.to_dict().get("invoice_settings") if customer else None) or {}
        method = settings.get("default_payment_method")
        return method if isinstance(method, str) else None

    async def is_deleted(self, stripe_customer_id: str) -> bool:
        """Tell whether the customer was deleted at Stripe."""
        with port_faults():
            return await was_deleted(self.client, stripe_customer_id)

    async def _make_default(self, customer_id: str, method_id: str) -> None:
        if await self.default_card(customer_id) == method_id:
            return
        await ask(
            "customer.update",
            self.client.v1.customers.update_async(
                customer_id, {"invoice_settings": {"default_payment_method": method_id}}
            ),
        )


def _address(url: str | None) -> str:
    if url is None:
        raise PaymentsUnavailable("Stripe made a page without an address; try again in a moment.")
    return url
