"""The port `PaymentGateway` by Stripe: what each method does is in the modules it calls."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import stripe
import structlog

from billflow.models.contracts.credits import CreditToPost
from billflow.models.contracts.invoices import (
    BilledCustomer,
    Closed,
    CollectionOutcome,
    InvoiceStatus,
    InvoiceToCollect,
    Issued,
    SentInvoice,
)
from billflow.payments import credits as customer_credits
from billflow.payments import invoice_losses, keys, lookup, manual_invoices, out_of_band
from billflow.payments.calls import act_once, retrieve_invoice
from billflow.payments.collection import Collector
from billflow.payments.errors import port_faults
from billflow.payments.invoices import InvoiceIssuer
from billflow.payments.mode import check_mode
from billflow.payments.requests import customer_params
from billflow.payments.voids import void_or_delete
from billflow.ports.payments import LostObject, PaymentGateway, PaymentsRejected

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class StripeGateway(PaymentGateway):
    """Stripe, safe to ask again after any answer, or none.

    `now` is the real time, by which Stripe's idempotency keys expire; test clocks don't move it. With `livemode` the
    client's key moves real money: each key works for organizations of its own mode only.
    """

    client: stripe.StripeClient
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    livemode: bool = False

    async def ensure_customer(self, customer: BilledCustomer) -> str:
        check_mode(customer, livemode=self.livemode)
        if customer.stripe_customer_id is not None:
            return customer.stripe_customer_id
        with port_faults():
            found = await lookup.find_customer(self.client, customer)
            return found.id if found else (await self._create_customer(customer)).id

    async def post_credit(self, customer: BilledCustomer, credit: CreditToPost) -> str:
        customer_id = await self.ensure_customer(customer)
        with port_faults():
            return await customer_credits.post(self.client, customer_id, credit, self.now())

    async def issue(self, invoice: InvoiceToCollect) -> Issued:
        """Create the invoice with its lines and finalize it, once, however often asked.

        Raises `PaymentsRejected` with code `amount_mismatch`, the draft left for people, where Stripe's total is
        not ours.
        """
        customer_id = await self.ensure_customer(invoice.customer)
        with port_faults():
            return await InvoiceIssuer(self.client, invoice, customer_id).run(self.now)

    async def sent_invoice(self, stripe_invoice_id: str) -> SentInvoice:
        with port_faults():
            return await manual_invoices.sent_invoice(self.client, stripe_invoice_id)

    async def collect(self, invoice: InvoiceToCollect, attempt: int) -> CollectionOutcome:
        check_mode(invoice.customer, livemode=self.livemode)
        if invoice.stripe_invoice_id is None:
            raise PaymentsRejected(
                f"Invoice {invoice.invoice_id} is not at Stripe yet; issue it first.", code="not_issued"
            )
        if invoice.status in (InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE):
            return Closed()
        with port_faults():
            outcome = await Collector(self.client, invoice, invoice.stripe_invoice_id, attempt).run(self.now)
        which = {"invoice_id": invoice.invoice_id, "stripe_invoice_id": invoice.stripe_invoice_id}
        log.info("collection attempted", **which, collection_attempt=attempt, outcome=outcome.kind)
        return outcome

    async def void(self, invoice: InvoiceToCollect) -> None:
        """Void the invoice, or delete its draft; raises `PaymentsRejected` (`invoice_paid`) where it is paid."""
        check_mode(invoice.customer, livemode=self.livemode)
        with port_faults():
            for held in await self._held(invoice):
                await void_or_delete(self.client, invoice.invoice_id, held)

    async def pay_out_of_band(self, invoice: InvoiceToCollect, reference: str) -> None:
        check_mode(invoice.customer, livemode=self.livemode)
        with port_faults():
            for held in await self._held(invoice):
                await out_of_band.pay_out_of_band(self.client, invoice.invoice_id, held, reference)

    async def lost_of(self, invoice: InvoiceToCollect) -> LostObject | None:
        with port_faults():
            return await invoice_losses.lost_of(self.client, invoice)

    async def close_lost(self, invoice: InvoiceToCollect) -> Issued | None:
        check_mode(invoice.customer, livemode=self.livemode)
        with port_faults():
            return await invoice_losses.close_lost(self.client, invoice)

    async def _create_customer(self, customer: BilledCustomer) -> stripe.Customer:
        account = f"/account/{customer.billing_account_id}" if customer.billing_account_id else ""
        return await act_once(
            keys.act("customer.create", f"{customer.customer_id}{account}"),
            lambda options: self.client.v1.customers.create_async(customer_params(customer), options),
            lambda: lookup.find_customer(self.client, customer),
            current=True,
        )

    async def _held(self, invoice: InvoiceToCollect) -> list[stripe.Invoice]:
        if invoice.stripe_invoice_id is not None:
            return [await retrieve_invoice(self.client, invoice.stripe_invoice_id)]
        if invoice.sent_first_at is None or invoice.customer.stripe_customer_id is None:
            return []
        return await lookup.find_invoices(self.client, invoice, invoice.customer.stripe_customer_id)
