"""Stripe's customers: named as ours are, and erased with them; Stripe keeps their invoices."""

from dataclasses import dataclass

import stripe
import structlog

from billflow.models.contracts.invoices import BilledCustomer
from billflow.payments import keys
from billflow.payments.calls import ask, ask_all, ask_if_there
from billflow.payments.errors import port_faults
from billflow.payments.lookup import PAGE
from billflow.payments.mode import check_mode
from billflow.payments.texts import fitted
from billflow.ports.customers import StripeCustomerNames

_BLANK: stripe.params.CustomerUpdateParams = {
    "name": "Erased customer",
    "email": "",
    "phone": "",
    "description": "",
    "address": "",
    "shipping": "",
}

_ERASED = "[erased]"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class StripeCustomers(StripeCustomerNames):
    """The names of Stripe's customers."""

    client: stripe.StripeClient
    livemode: bool = False

    async def rename(self, payer: BilledCustomer) -> None:
        check_mode(payer, livemode=self.livemode)
        if payer.stripe_customer_id is None:
            return
        called: stripe.params.CustomerUpdateParams = {"name": payer.name, "email": payer.email}
        renaming = self.client.v1.customers.update_async(payer.stripe_customer_id, fitted("customer.update", called))
        with port_faults():
            if await ask_if_there("customer.update", renaming) is None:
                log.warning("stripe customer is gone", stripe_customer=payer.stripe_customer_id)


async def erase_customer(client: stripe.StripeClient, stripe_customer_id: str) -> None:
    """Blank and delete a customer at Stripe, whose invoices stay there without our texts; done already is done.

    Raises `PaymentsUnavailable` or `PaymentsRejected`.
    """
    customers = client.v1.customers
    with port_faults():
        customer = await ask_if_there("customer.retrieve", customers.retrieve_async(stripe_customer_id))
        if customer is None or getattr(customer, "deleted", False):
            return
        await _erase_texts(client, stripe_customer_id)
        await ask_if_there("customer.update", customers.update_async(stripe_customer_id, _BLANK))
        await ask_if_there("customer.delete", customers.delete_async(stripe_customer_id))


async def _erase_texts(client: stripe.StripeClient, stripe_customer_id: str) -> None:
    """Erase what people wrote to the customer's invoices and credit notes."""
    invoices, notes = client.v1.invoices, client.v1.credit_notes
    for invoice in await ask_all("invoice.list", invoices.list_async({"customer": stripe_customer_id, "limit": PAGE})):
        if keys.OUT_OF_BAND in keys.metadata_of(invoice):
            metadata = {keys.OUT_OF_BAND: _ERASED}
            await ask("invoice.update", invoices.update_async(invoice.id, {"metadata": metadata}))
    for note in await ask_all("credit_note.list", notes.list_async({"customer": stripe_customer_id, "limit": PAGE})):
        if note.memo:
            await ask("credit_note.update", notes.update_async(note.id, {"memo": _ERASED}))
