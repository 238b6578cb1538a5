"""Bring an invoice to Stripe and finalize it there: draft, lines, check, finalize, from wherever it stands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import stripe
from stripe.params import InvoiceAddLinesParamsLine

from billflow.models.contracts.invoices import InvoiceStatus, InvoiceToCollect, Issued
from billflow.payments import invoice_requests, keys, lookup
from billflow.payments.amounts import from_stripe, to_stripe
from billflow.payments.calls import act_once, act_unless_done, id_of, retrieve_invoice
from billflow.payments.manual_invoices import marked
from billflow.payments.requests import invoice_params, line_params
from billflow.payments.taxes import bring_location, computed_taxes, with_tax_computed
from billflow.ports.payments import PaymentsRejected


@dataclass
class InvoiceIssuer:
    """One invoice on its way to Stripe, for a customer that Stripe knows."""

    client: stripe.StripeClient
    invoice: InvoiceToCollect
    customer_id: str

    @cached_property
    def lines(self) -> list[InvoiceAddLinesParamsLine]:
        """Return the lines as Stripe is to have them."""
        return line_params(self.invoice)

    async def run(self, now: Callable[[], datetime]) -> Issued:
        """Return the finalized invoice; raises `StripeError`, or `PaymentsRejected` where the amounts differ."""
        held = await self._known(now()) or await self._create()
        location = self.invoice.tax_location if held.status == "draft" else None
        if location is not None:
            await bring_location(self.client, self.customer_id, location)
        missing = await self._missing(held)
        if missing:
            held = await self._add(held.id, missing)
        if location is not None:
            held = await with_tax_computed(self.client, held)
        self._check(held)
        if held.status == "draft":
            held = await self._finalize(held.id)
        return await issued(self.client, self.invoice, held)

    async def _known(self, now: datetime) -> stripe.Invoice | None:
        if self.invoice.stripe_invoice_id is not None:
            held = await retrieve_invoice(self.client, self.invoice.stripe_invoice_id)
            return await marked(self.client, self.invoice, held)
        if keys.may_have_expired(self.invoice.sent_first_at, now):
            return await self._adopt()
        return None

    async def _adopt(self) -> stripe.Invoice | None:
        return await lookup.adopt_invoice(self.client, self.invoice, self.customer_id)

    async def _create(self) -> stripe.Invoice:
        params = invoice_params(self.invoice, self.customer_id)
        return await act_once(
            keys.act("invoice.create", self.invoice.invoice_id),
            lambda options: invoice_requests.create(self.client, params, options),
            self._adopt,
            current=True,
        )

    async def _missing(self, held: stripe.Invoice) -> list[InvoiceAddLinesParamsLine]:
        if held.status != "draft":
            return []
        there = await lookup.line_ids(self.client, held)
        return [line for line in self.lines if _line_id(line) not in there]

    async def _add(self, stripe_invoice_id: str, missing: list[InvoiceAddLinesParamsLine]) -> stripe.Invoice:
        rest = missing

        async def look() -> stripe.Invoice | None:
            nonlocal rest
            held = await retrieve_invoice(self.client, stripe_invoice_id)
            rest = await self._missing(held)
            return None if rest else held

        return await act_once(
            keys.act("invoice.add_lines", self.invoice.invoice_id),
            lambda options: invoice_requests.act(self.client, stripe_invoice_id, "add_lines", {"lines": rest}, options),
            look,
            current=True,
        )

    def _check(self, held: stripe.Invoice) -> None:
        ours, theirs = self._amounts(held)
        if (ours, self.invoice.currency.lower()) != (theirs, held.currency):
            raise PaymentsRejected(
                f"Stripe's invoice {held.id} is over {theirs} {held.currency}, ours over {ours} "
                f"{self.invoice.currency.lower()}; correct or delete it at Stripe, where it is {held.status}.",
                code="amount_mismatch",
            )

    def _amounts(self, held: stripe.Invoice) -> tuple[int, int]:
        """Return what it is over here and there: without the tax where that is for Stripe to say."""
        if not self.invoice.automatic_tax:
            return sum(line["amount"] for line in self.lines), held.total
        if not self.invoice.tax_known:
            return sum(line["amount"] for line in self.lines), held.subtotal
        return to_stripe(self.invoice.total, self.invoice.currency), max(held.total, 0)

    async def _finalize(self, stripe_invoice_id: str) -> stripe.Invoice:
        async def look() -> stripe.Invoice | None:
            held = await retrieve_invoice(self.client, stripe_invoice_id)
            return None if held.status == "draft" else held

        return await act_unless_done(
            keys.act("invoice.finalize", self.invoice.invoice_id),
            lambda options: invoice_requests.act(self.client, stripe_invoice_id, "finalize", {}, options),
            look,
            current=True,
        )


async def issued(client: stripe.StripeClient, invoice: InvoiceToCollect, held: stripe.Invoice) -> Issued:
    """Return what the records keep of an invoice at Stripe; amounts in our minor units."""
    currency = invoice.currency
    return Issued(
        taxes=None if invoice.tax_known else await computed_taxes(client, held),
        stripe_invoice_id=held.id,
        stripe_customer_id=id_of(held.customer),
        status=InvoiceStatus(held.status or "draft"),
        number=held.number,
        hosted_invoice_url=held.hosted_invoice_url,
        amount_due=from_stripe(held.amount_due, currency),
        amount_paid=from_stripe(held.amount_paid, currency),
        balance_applied=from_stripe((held.ending_balance or 0) - held.starting_balance, currency),
    )


def _line_id(line: InvoiceAddLinesParamsLine) -> str:
    metadata = line.get("metadata")
    return str(metadata[keys.LINE]) if isinstance(metadata, dict) else ""
