"""Sending and collecting invoices. Any of these may run twice, and money moves once."""

from dataclasses import dataclass

from temporalio import activity

from billflow.activities.reissues import ReplacedInvoices
from billflow.activities.stripe_errors import retry_later, stripe_errors
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.models.contracts.collection import FailedAttemptInput, NextAttemptInput
from billflow.models.contracts.invoices import (
    Closed,
    CollectionOutcome,
    Declined,
    InvoiceInput,
    InvoiceStatus,
    InvoiceToCollect,
    Issued,
    NotPaid,
    Open,
    Paid,
    Rejected,
    RequiresAction,
)
from billflow.ports.invoices import InvoiceRepository
from billflow.ports.payments import LostObject, PaymentGateway, PaymentsRejected, PaymentsUnavailable

NO_PAYMENT_METHOD = "no_payment_method"
TAX_ADDRESS_MISSING = "tax_address_missing"

Tried = tuple[CollectionOutcome, Issued | None]
"""What came of an attempt, and what Stripe holds that is to be recorded with it; None where it was recorded before."""


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
        invoice uses it up. What Stripe has lost of the customer or the invoice is issued anew. That Stripe holds an
        invoice is recorded with what came of the attempt; a worker that dies before that finds it there again.
        """
        invoice = await self.invoices.invoice_to_collect(request)
        if (outcome := _outcome_of(invoice)) is not None:
            return outcome
        try:
            outcome, issued = await self._try(request, invoice)
            if _may_be_lost(outcome) and await self._replace_lost(request):
                invoice = await self.invoices.invoice_to_collect(request)
                outcome, issued = await self._try(request, invoice)
        except PaymentsUnavailable as error:
            retry_later(error)
        if invoice.is_anew and isinstance(outcome, NotPaid):
            outcome = outcome.model_copy(update={"due_anew_at": invoice.due_at})
        if invoice.automatic_tax and isinstance(outcome, NotPaid):
            outcome = outcome.model_copy(update={"total": (await self.invoices.invoice_to_collect(request)).total})
        await self.invoices.record_outcome(request, outcome, request.at, issued)
        return outcome

    async def _try(self, request: InvoiceInput, invoice: InvoiceToCollect) -> Tried:
        try:
            if self.replaced and await self.replaced.close(invoice, request.at):
                invoice = await self.invoices.invoice_to_collect(request)
            if (outcome := _outcome_of(invoice)) is not None:
                return outcome, None
            return await self._collect(request, await self._with_customer(invoice))
        except PaymentsRejected as error:
            return _rejected(invoice, error), None

    async def _replace_lost(self, request: InvoiceInput) -> bool:
        """Give up what Stripe has lost of the customer or the invoice, and tell whether it had lost something."""
        invoice = await self.invoices.invoice_to_collect(request)
        lost = await self.gateway.lost_of(invoice)
        if lost is LostObject.CUSTOMER:
            await self.invoices.replace_customer(request.org_id, invoice.customer.stripe_customer_id or "", request.at)
        elif lost is LostObject.INVOICE:
            await self.invoices.replace_invoice(request, invoice.stripe_invoice_id or "", request.at)
        return lost is not None

    async def _with_customer(self, invoice: InvoiceToCollect) -> InvoiceToCollect:
        payer = invoice.customer
        stripe_customer_id = await self.gateway.ensure_customer(payer)
        if payer.stripe_customer_id == stripe_customer_id:
            return invoice
        await self.invoices.record_stripe_customer(payer, stripe_customer_id)
        return invoice.model_copy(
            update={"customer": payer.model_copy(update={"stripe_customer_id": stripe_customer_id})}
        )

    async def _collect(self, request: InvoiceInput, invoice: InvoiceToCollect) -> Tried:
        if invoice.stripe_invoice_id is None and (paid := await self.gateway.close_lost(invoice)):
            return Paid(amount_paid=paid.amount_paid), paid
        for credit in invoice.credits:
            posted = await self.gateway.post_credit(invoice.customer, credit)
            await self.invoices.record_credit_posted(invoice.customer, credit.credit_id, posted)
        issued = await self.gateway.issue(invoice)
        if issued.status is InvoiceStatus.PAID:
            return Paid(amount_paid=issued.amount_paid), issued
        invoice = invoice.model_copy(
            update={"stripe_invoice_id": issued.stripe_invoice_id, "status": issued.status, "number": issued.number}
        )
        if await self.invoices.status(request) is InvoiceStatus.VOID:
            # Voided while it was on its way: whoever did so may not have found it at Stripe.
            await self.invoices.record_issued(request, issued)
            await self.gateway.void(invoice)
            return Closed(), None
        return await self._ask_for_money(request, invoice, issued)

    async def _ask_for_money(self, request: InvoiceInput, invoice: InvoiceToCollect, issued: Issued) -> Tried:
        """Charge or send it; unless that is all there is to tell, what Stripe holds is recorded by itself."""
        is_recorded = invoice.is_anew or issued.taxes is not None
        if is_recorded:
            await self.invoices.record_issued(request, issued)
        if invoice.is_anew and self.replaced:
            await self.replaced.credit_anew(request)
        try:
            outcome = await self.gateway.collect(invoice, request.attempt)
        except (PaymentsRejected, PaymentsUnavailable):
            await self.invoices.record_issued(request, issued)
            raise
        if isinstance(outcome, Paid | Open):
            return outcome, None if is_recorded else issued
        await self.invoices.record_issued(request, issued)
        return outcome, None

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


def _rejected(invoice: InvoiceToCollect, error: PaymentsRejected) -> CollectionOutcome:
    """Return what came of an attempt that Stripe refuses: somebody who buys can say at once where the customer is."""
    if invoice.kind is InvoiceKind.PURCHASE and error.code == TAX_ADDRESS_MISSING:
        return Declined(code=error.code, message=str(error))
    return Rejected(code=error.reason, message=str(error))


def _may_be_lost(outcome: CollectionOutcome) -> bool:
    return isinstance(outcome, Rejected) or (isinstance(outcome, Declined) and outcome.code == NO_PAYMENT_METHOD)


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
