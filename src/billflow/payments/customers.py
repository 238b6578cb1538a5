"""Keeping Stripe's customers named as ours are."""

from dataclasses import dataclass

import stripe
import structlog

from billflow.models.contracts.invoices import BilledCustomer
from billflow.payments.calls import ask
from billflow.payments.errors import code_of, port_faults
from billflow.payments.mode import check_mode
from billflow.payments.texts import fitted
from billflow.ports.customers import StripeCustomerNames

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
        fitting = fitted("customer.update", called)
        with port_faults():
            try:
                await ask("customer.update", self.client.v1.customers.update_async(payer.stripe_customer_id, fitting))
            except stripe.InvalidRequestError as error:
                if code_of(error) != "resource_missing":
                    raise
                log.warning("stripe customer is gone", stripe_customer=payer.stripe_customer_id)
