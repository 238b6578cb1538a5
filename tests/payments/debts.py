"""A debt on its way from the records to paid, for a caller that never gives up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from billflow.models.contracts.invoices import BilledCustomer, InvoiceToCollect, Issued, Paid
from billflow.payments.gateway import StripeGateway
from billflow.payments.sandbox import Sandbox
from billflow.ports.payments import PaymentsUnavailable
from tests.payments.inputs import KEY, a_customer, an_invoice, invoices_of
from tests.waiting import PATIENCE

WRITES = ["customer.create", "invoice.create", "invoice.add_lines", "invoice.finalize_invoice", "invoice.pay"]
"""What a debt takes at Stripe, in order."""

T = TypeVar("T")


@dataclass
class Debt:
    """A customer's invoice on its way from the records to paid, one step at a time, each repeated until answered."""

    gateway: StripeGateway
    customer: BilledCustomer
    invoice: InvoiceToCollect
    unavailable: int = 0

    async def insist(self, step: Callable[[], Awaitable[T]]) -> T:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    return await step()
                except PaymentsUnavailable:
                    self.unavailable += 1

    async def close(self) -> None:
        await self.reach_customer()
        sandbox, stripe_id = Sandbox(self.gateway.client, KEY), str(self.customer.stripe_customer_id)
        await self.insist(lambda: sandbox.give_card(stripe_id))
        await self.issue()
        assert await self.insist(lambda: self.gateway.collect(self.invoice, 1)) == Paid(amount_paid=self.invoice.total)

    async def reach_customer(self) -> None:
        stripe_id = await self.insist(lambda: self.gateway.ensure_customer(self.customer))
        self.customer = self.customer.model_copy(update={"stripe_customer_id": stripe_id})
        self.invoice = self.invoice.model_copy(update={"customer": self.customer})

    async def issue(self) -> Issued:
        answer = await self.insist(lambda: self.gateway.issue(self.invoice))
        known_now = {"stripe_invoice_id": answer.stripe_invoice_id, "status": answer.status}
        self.invoice = self.invoice.model_copy(update=known_now)
        return answer


def a_debt(gateway: StripeGateway) -> Debt:
    customer = a_customer()
    return Debt(gateway, customer, an_invoice(customer, 8000, -1500))


async def assert_paid_once(debt: Debt) -> None:
    client = debt.gateway.client
    customers = await client.v1.customers.list_async({"email": debt.customer.email})
    held = await invoices_of(client, debt.customer)
    charges = await client.v1.charges.list_async({"customer": str(debt.customer.stripe_customer_id)})
    assert len(customers.data) == 1
    assert [(one.status, one.total) for one in held] == [("paid", debt.invoice.total)]
    assert [(charge.status, charge.amount) for charge in charges.data] == [("succeeded", debt.invoice.total)]
