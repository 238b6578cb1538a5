"""Sending and collecting invoices. Any of these may run twice, and money moves once."""

from dataclasses import dataclass

from temporalio import activity

from billflow.activities.reissues import ReplacedInvoices
from billflow.activities.stripe_errors import retry_later, stripe_errors
from billflow.models.contracts.collection import FailedAttemptInput, NextAttemptInput
from billflow.models.contracts.invoices import (
    Closed,
    CollectionOutcome,
    Declined,
    InvoiceInput,
    InvoiceStatus,
    InvoiceToCollect,
    Paid,
    Rejected,
    RequiresAction,
)
from billflow.ports.invoices import InvoiceRepository
from billflow.ports.payments import PaymentGateway, PaymentsRejected, PaymentsUnavailable


@dataclass(frozen=True)
class CollectionActivities:
    """What happens to an invoice at Stripe, and what the database records of it."""

    invoices: InvoiceRepository
    gateway: PaymentGateway
    replaced: ReplacedInvoices | None = None

    @activity.defn
    async def collect(self, request: InvoiceInput) -> CollectionOutcome:
        """Issue the invoice at Stripe unless it is there, then charge the card or send it, once per attempt.

        What it replaces is closed there before that, and what we owe the customer is put on its balance, so that the
        invoice uses it up.
        """
        invoice = await self.invoices.invoice_to_collect(request)
        if (outcome := _outcome_of(invoice)) is not None:
            return outcome
        try:
            if self.replaced and await self.replaced.close(invoice, request.at):
                invoice = await self.invoices.invoice_to_collect(request)
            outcome = _outcome_of(invoice) or await self._collect(request, invoice)
        except PaymentsUnavailable as error:
            retry_later(error)
        except PaymentsRejected as error:
            outcome = Rejected(code=error.reason, message=str(error))
        await self.invoices.record_outcome(request, outcome, request.at)
        return outcome

    async def _collect(self, request: InvoiceInput, invoice: InvoiceToCollect) -> CollectionOutcome:
        payer = invoice.customer
        stripe_customer_id = await self.gateway.ensure_customer(payer)
        if payer.stripe_customer_id != stripe_customer_id:
            await self.invoices.record_stripe_customer(payer, stripe_customer_id)
            payer = payer.model_copy(update={"stripe_customer_id": stripe_customer_id})
            invoice = invoice.model_copy(update={"customer": payer})
        for credit in invoice.credits:
            posted = await self.gateway.post_credit(payer, credit)
            await self.invoices.record_credit_posted(request.org_id, credit.credit_id, posted)
        issued = await self.gateway.issue(invoice)
        status = await self.invoices.record_issued(request, issued)
        if issued.status is InvoiceStatus.PAID:
            return Paid(amount_paid=issued.amount_paid)
        invoice = invoice.model_copy(
            update={"stripe_invoice_id": issued.stripe_invoice_id, "status": issued.status, "number": issued.number}
        )
        if status is InvoiceStatus.VOID:
            # Voided while it was on its way: whoever did so may not have found it at Stripe.
            await self.gateway.void(invoice)
            return Closed()
        return await self.gateway.collect(invoice, request.attempt)

    @activity.defn
    async def void(self, request: InvoiceInput) -> None:
        """Void the invoice at Stripe, where it got that far; our database has done so already."""
        invoice = await self.invoices.invoice_to_collect(request)
        with stripe_errors():
            await self.gateway.void(invoice)

    @activity.defn
    async def record_next_attempt(self, planned: NextAttemptInput) -> InvoiceStatus:
        """Record what comes next and when, and return the invoice's status by now."""
        return await self.invoices.record_collection_plan(planned, planned.next_attempt_at, planned.next_action)

    @activity.defn
    async def record_failure(self, failure: FailedAttemptInput) -> None:
        """Record that a bank refused a payment after it was under way."""
        await self.invoices.record_outcome(failure, _refusal(failure), failure.at)


def _refusal(failure: FailedAttemptInput) -> CollectionOutcome:
    if failure.requires_action:
        return RequiresAction()
    return Declined(code="payment_failed", message="The bank refused the payment that was under way.")


def _outcome_of(invoice: InvoiceToCollect) -> CollectionOutcome | None:
    if invoice.status is InvoiceStatus.PAID:
        return Paid(amount_paid=invoice.amount_paid)
    if invoice.status in (InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE):
        return Closed()
    return None
