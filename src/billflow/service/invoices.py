"""What one can ask of single invoices and ways to pay."""

from dataclasses import dataclass

from billflow.domain.adjustments import check_pay
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import BilledCustomer, CollectionOutcome
from billflow.payments.payment_methods import StripePaymentMethods
from billflow.service.collection import CollectionService
from billflow.service.workflow_control import WorkflowControl
from billflow.store.customers.queries import PostgresCustomerQueries
from billflow.store.invoices.queries import PostgresInvoiceQueries
from billflow.store.invoices.repository import PostgresInvoiceRepository


@dataclass(frozen=True)
class InvoiceService:
    """Invoices as their payers see them; raises `BillingError` with a stable code where a rule says no."""

    control: WorkflowControl
    collection: CollectionService
    invoice_repository: PostgresInvoiceRepository
    invoice_queries: PostgresInvoiceQueries
    customer_queries: PostgresCustomerQueries
    methods: StripePaymentMethods

    async def pay(self, org_id: str, invoice_id: str) -> CollectionOutcome:
        """Collect an open invoice now, by card or by sending it again, and return what came of it."""
        invoice = await self.invoice_queries.get(org_id, invoice_id)
        check_pay(invoice.status)
        start = await self.collection.start_of(invoice)
        outcome: CollectionOutcome = await self.control.update(start, "pay", result_type=CollectionOutcome)
        return outcome

    async def card_link(self, org_id: str, customer_id: str, return_url: str) -> str:
        """Return the address of a page where the customer enters a card."""
        return await self.methods.card_link(await self.payer(org_id, customer_id), return_url)

    async def portal_link(self, org_id: str, customer_id: str, return_url: str) -> str:
        """Return the address of a page where the customer sees its invoices and changes its card."""
        return await self.methods.portal_link(await self.payer(org_id, customer_id), return_url)

    async def payer(self, org_id: str, customer_id: str) -> BilledCustomer:
        """Return who pays for a customer, made known to Stripe where it is not yet."""
        payer = payer_of(await self.customer_queries.get(org_id, customer_id))
        if payer.stripe_customer_id is not None:
            return payer
        stripe_customer_id = await self.methods.ensure_customer(payer)
        await self.invoice_repository.record_stripe_customer(payer, stripe_customer_id)
        return payer.model_copy(update={"stripe_customer_id": stripe_customer_id})


def payer_of(customer: CustomerRecord) -> BilledCustomer:
    """Return who pays for a customer, as Stripe is to know it."""
    account = customer.billing_account
    return BilledCustomer(
        org_id=customer.org_id,
        customer_id=customer.customer_id,
        billing_account_id=account.billing_account_id,
        name=customer.name,
        email=account.invoice_email or customer.email,
        currency=account.currency,
        stripe_customer_id=account.stripe_customer_id,
    )
