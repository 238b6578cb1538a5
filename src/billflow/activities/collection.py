"""Sending and collecting invoices. Any of these may run twice, and money moves once."""

from dataclasses import dataclass

from temporalio import activity

from billflow.activities.faults import asking_stripe, try_again
from billflow.models.contracts.collection import CollectionPlan, LateFailure
from billflow.models.contracts.invoices import (
    Closed,
    CollectInput,
    CollectionOutcome,
    Declined,
    InvoiceStatus,
    InvoiceToCollect,
    Paid,
    Rejected,
    RequiresAction,
)
from billflow.ports.billing import Books, PaymentGateway, PaymentsRejected, PaymentsUnavailable


@dataclass(frozen=True)
class CollectionActivities:
    """What happens to an invoice at Stripe, and what the records remember of it."""

    books: Books
    gateway: PaymentGateway

    @activity.defn
    async def collect(self, ask: CollectInput) -> CollectionOutcome:
        """Issue the invoice at Stripe unless it is there, then charge the card or send it, once per attempt.

        What we owe the customer is put on its balance first, so that the invoice uses it up.
        """
        invoice = await self.books.invoice_to_collect(ask)
        if (settled := _settled(invoice)) is not None:
            return settled
        try:
            outcome = await self._collect(ask, invoice)
        except PaymentsUnavailable as error:
            try_again(error)
        except PaymentsRejected as error:
            outcome = Rejected(code=error.reason, message=str(error))
        await self.books.record_outcome(ask, outcome, ask.at)
        return outcome

    async def _collect(self, ask: CollectInput, invoice: InvoiceToCollect) -> CollectionOutcome:
        payer = invoice.customer
        stripe_customer_id = await self.gateway.ensure_customer(payer)
        if payer.stripe_customer_id != stripe_customer_id:
            await self.books.record_stripe_customer(payer, stripe_customer_id)
            payer = payer.model_copy(update={"stripe_customer_id": stripe_customer_id})
            invoice = invoice.model_copy(update={"customer": payer})
        for credit in invoice.credits:
            posted = await self.gateway.post_credit(payer, credit)
            await self.books.record_credit_posted(ask.org_id, credit.credit_id, posted)
        issued = await self.gateway.issue(invoice)
        await self.books.record_issued(ask, issued)
        if issued.status is InvoiceStatus.PAID:
            return Paid(amount_paid=issued.amount_paid)
        invoice = invoice.model_copy(
            update={"stripe_invoice_id": issued.stripe_invoice_id, "status": issued.status, "number": issued.number}
        )
        return await self.gateway.collect(invoice, ask.attempt)

    @activity.defn
    async def void(self, ask: CollectInput) -> None:
        """Void the invoice at Stripe, where it got that far; our records have given it up already."""
        invoice = await self.books.invoice_to_collect(ask)
        with asking_stripe():
            await self.gateway.void(invoice)

    @activity.defn
    async def record_plan(self, plan: CollectionPlan) -> InvoiceStatus:
        """Write down what comes next and when, and return how the invoice stands by now."""
        return await self.books.record_collection_plan(plan, plan.next_attempt_at, plan.next_action)

    @activity.defn
    async def record_failure(self, failure: LateFailure) -> None:
        """Write down that a bank refused a payment after it was under way."""
        await self.books.record_outcome(failure, _refusal(failure), failure.at)


def _refusal(failure: LateFailure) -> CollectionOutcome:
    if failure.requires_action:
        return RequiresAction()
    return Declined(code="payment_failed", message="The bank refused the payment that was under way.")


def _settled(invoice: InvoiceToCollect) -> CollectionOutcome | None:
    if invoice.status is InvoiceStatus.PAID:
        return Paid(amount_paid=invoice.amount_paid)
    if invoice.status in (InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE):
        return Closed()
    return None
