"""Stripe's side of a reconciliation: every invoice and customer marked as ours, listed, never searched."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import stripe

from billflow.domain.customer_balances import StripeCustomer
from billflow.domain.reconciliation import StripeInvoice
from billflow.models.contracts.reconciliation import RecordedInvoice
from billflow.payments import keys
from billflow.payments.amounts import to_stripe
from billflow.payments.calls import ask, ask_all, ask_if_there
from billflow.payments.errors import port_faults
from billflow.payments.invoice_losses import is_deleted
from billflow.payments.lookup import CLOCK_DIFFERENCE, PAGE
from billflow.ports.reconciliation import StripeCustomerPage, StripeInvoicePage, StripeInvoiceReader


@dataclass(frozen=True)
class StripeInvoiceLists(StripeInvoiceReader):
    """Invoices as Stripe lists them and looks them up."""

    client: stripe.StripeClient

    def chargeable(self, amount: int, currency: str) -> int:
        return to_stripe(amount, currency)

    async def listed(self, org_id: str, since: datetime | None, after: str | None) -> StripeInvoicePage:
        query: stripe.params.InvoiceListParams = {"limit": PAGE}
        if since is not None:
            query["created"] = {"gte": int((since - CLOCK_DIFFERENCE).timestamp())}
        if after is not None:
            query["starting_after"] = after
        with port_faults():
            page = await ask("invoice.list", self.client.v1.invoices.list_async(query))
        held = [one for one in page.data if keys.is_marked(one, {keys.ORG: org_id})]
        return StripeInvoicePage(list(map(_held, held)), page.data[-1].id if page.has_more and page.data else None)

    async def fresh(self, recorded: RecordedInvoice, known: Collection[str] = ()) -> Sequence[StripeInvoice]:
        ref, found = recorded.summary, dict[str, StripeInvoice]()
        marks = {keys.ORG: ref.org_id, keys.INVOICE: ref.invoice_id}
        with port_faults():
            if recorded.stripe_customer_id is not None:
                query: stripe.params.InvoiceListParams = {"customer": recorded.stripe_customer_id, "limit": PAGE}
                held = await ask_all("invoice.list", self.client.v1.invoices.list_async(query))
                found = {one.id: _held(one) for one in held if keys.is_marked(one, marks)}
            for held_id in sorted({*known, recorded.stripe_invoice_id or ""} - found.keys() - {""}):
                one = await self._one(held_id)
                if one is not None:
                    found[one.id] = _held(one)
        return sorted(found.values(), key=lambda one: one.stripe_invoice_id)

    async def listed_customers(self, org_id: str, after: str | None) -> StripeCustomerPage:
        query: stripe.params.CustomerListParams = {"limit": PAGE}
        if after is not None:
            query["starting_after"] = after
        with port_faults():
            page = await ask("customer.list", self.client.v1.customers.list_async(query))
        ours = [_customer(one) for one in page.data if keys.is_marked(one, {keys.ORG: org_id})]
        return StripeCustomerPage(ours, page.data[-1].id if page.has_more and page.data else None)

    async def customer(self, stripe_customer_id: str) -> StripeCustomer | None:
        with port_faults():
            held = await ask_if_there("customer.retrieve", self.client.v1.customers.retrieve_async(stripe_customer_id))
        return _customer(held) if held else None

    async def delete_draft(self, stripe_invoice_id: str) -> None:
        with port_faults():
            held = await self._one(stripe_invoice_id)
            if held is not None and held.status == "draft":
                await ask("invoice.delete", self.client.v1.invoices.delete_async(stripe_invoice_id))

    async def _one(self, stripe_invoice_id: str) -> stripe.Invoice | None:
        return await ask_if_there("invoice.retrieve", self.client.v1.invoices.retrieve_async(stripe_invoice_id))


def _customer(held: stripe.Customer) -> StripeCustomer:
    if is_deleted(held):
        return StripeCustomer(stripe_customer_id=held.id, balance=0, currency=None, is_deleted=True)
    currency = held.currency.upper() if held.currency else None
    return StripeCustomer(stripe_customer_id=held.id, balance=-(held.balance or 0), currency=currency)


def _held(held: stripe.Invoice) -> StripeInvoice:
    return StripeInvoice(
        stripe_invoice_id=held.id,
        invoice_id=keys.metadata_of(held).get(keys.INVOICE, ""),
        status=held.status or "draft",
        # What is below 0 Stripe has put onto the customer's balance, and so have we.
        total=max(held.total, 0),
        currency=held.currency.upper(),
    )
