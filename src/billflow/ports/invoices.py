"""What activities need of invoices as rows.

The benchmark of sending has an implementation in memory.
"""

from datetime import datetime
from typing import Protocol

from billflow.domain.dunning import DunningAction
from billflow.models.contracts.invoices import (
    BilledCustomer,
    CollectionOutcome,
    InvoiceRef,
    InvoiceStatus,
    InvoiceStatusChanged,
    InvoiceSummary,
    InvoiceToCollect,
    Issued,
)


class InvoiceRepository(Protocol):
    """Invoices on their way to being paid; every method is one transaction and safe to repeat."""

    async def invoice_to_collect(self, ref: InvoiceRef) -> InvoiceToCollect:
        """Return all that the gateway needs, noting when Stripe is asked for the first time; raises `NotFound`."""

    async def status(self, ref: InvoiceRef) -> InvoiceStatus:
        """Return how the invoice stands by now; raises `NotFound`."""

    async def record_stripe_customer(self, customer: BilledCustomer, stripe_customer_id: str) -> None:
        """Remember the Stripe customer of the account that pays; one that is known already stays."""

    async def record_credit_posted(
        self, customer: BilledCustomer, credit_id: str, stripe_balance_transaction_id: str
    ) -> None:
        """Remember under which id Stripe knows a credit; once known it stays.

        What was posted to a Stripe customer that was replaced meanwhile is still to be posted, to the new one.
        """

    async def record_issued(self, ref: InvoiceRef, issued: Issued) -> InvoiceStatus:
        """Remember that Stripe has the invoice, under which id and number, and say how it stands in our rows.

        Nothing is remembered where its Stripe customer was replaced meanwhile.
        """

    async def record_outcome(
        self, ref: InvoiceRef, outcome: CollectionOutcome, at: datetime, issued: Issued | None = None
    ) -> None:
        """Remember what came of a payment attempt; a paid invoice stays paid, whatever comes later.

        Money that arrives for an invoice we voided makes it paid: it arrived. With *issued* what Stripe has is
        remembered before that, as `record_issued` does.
        """

    async def record_collection_plan(
        self, ref: InvoiceRef, next_attempt_at: datetime | None, next_action: DunningAction | None = None
    ) -> InvoiceStatus:
        """Remember what collection does next, and when, None where it won't, and say how the invoice stands."""

    async def record_closed(
        self, ref: InvoiceRef, status: InvoiceStatus, at: datetime, amount_paid: int | None = None
    ) -> InvoiceStatusChanged | None:
        """Write down that Stripe says an invoice is paid, void or uncollectible; None for one that isn't ours.

        `amount_paid` is what Stripe has, where it was asked; else an invoice is taken as paid in full.
        What is paid or void stays so. For a plan on a test clock it happened at the clock's time.
        """

    async def replace_customer(self, org_id: str, stripe_customer_id: str, at: datetime) -> tuple[InvoiceSummary, ...]:
        """Give up a Stripe customer that is gone, its card with it, once; return the invoices to issue anew.

        Its balance and these invoices go to the next one, which is made when it is needed.
        """

    async def replace_invoice(self, ref: InvoiceRef, stripe_invoice_id: str, at: datetime) -> None:
        """Give up what Stripe has lost of an unpaid invoice, once: it is to be issued anew."""
