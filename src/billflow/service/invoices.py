"""What one can ask of single invoices and ways to pay."""

from dataclasses import dataclass
from datetime import UTC, datetime

from billflow.domain.adjustments import check_pay
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.invoices import BilledCustomer, CollectionOutcome
from billflow.payments.payment_methods import StripePaymentMethods
from billflow.payments.sandbox import Sandbox
from billflow.ports.payments import PaymentsRejected
from billflow.service.collection import CollectionService
from billflow.store.session.repositories import Queries, Repositories
from billflow.temporal.workflow_control import WorkflowControl


@dataclass(frozen=True)
class InvoiceService:
    """Invoices as their payers see them; raises `BillingError` with a stable code where a rule says no."""

    control: WorkflowControl
    collection: CollectionService
    repositories: Repositories
    queries: Queries
    payment_methods: StripePaymentMethods
    sandbox: Sandbox

    async def pay(self, org_id: str, invoice_id: str) -> CollectionOutcome:
        """Collect an open invoice now, by card or by sending it again, and return what came of it."""
        invoice = await self.queries.invoices.get(org_id, invoice_id)
        check_pay(invoice.status)
        start = await self.collection.start_of(invoice)
        outcome: CollectionOutcome = await self.control.update(start, "pay", result_type=CollectionOutcome)
        return outcome

    async def card_link(self, org_id: str, customer_id: str, return_url: str, key: str | None = None) -> str:
        """Return the address of a page where the customer enters a card; the same one under the same *key*."""
        return await self.payment_methods.card_link(await self.payer(org_id, customer_id), return_url, key)

    async def portal_link(self, org_id: str, customer_id: str, return_url: str) -> str:
        """Return the address of a page where the customer sees its invoices and changes its card."""
        return await self.payment_methods.portal_link(await self.payer(org_id, customer_id), return_url)

    async def give_test_card(self, org_id: str, customer_id: str, card: str) -> str:
        """Make a test card the customer's default, as if it had been entered, charge what is open, and return its id.

        Raises `SettingsError` in live mode, `InvalidInput` for what is none, or is made to be refused at once.
        """
        at_stripe = str((await self.payer(org_id, customer_id)).stripe_customer_id)
        try:
            method = await self.sandbox.give_card(at_stripe, card)
        except PaymentsRejected as refused:
            message = f"Stripe does not take the test card: {refused.message.rstrip('.')}; name another."
            raise InvalidInput(message, code="test_card_refused", field="test_card") from refused
        await self.collection.card_changed(org_id, at_stripe, method, datetime.now(UTC))
        return method

    async def payer(self, org_id: str, customer_id: str) -> BilledCustomer:
        """Return who pays for a customer, made known to Stripe where it is not yet, or not any more."""
        ref = CustomerRef(org_id=org_id, customer_id=customer_id)
        payer = await self.repositories.billing_accounts.default_payer(ref)
        known = payer.stripe_customer_id
        if known is not None and not await self.payment_methods.is_deleted(known):
            return payer
        if known is not None:
            await self.collection.replace_customer(org_id, known, datetime.now(UTC))
            payer = await self.repositories.billing_accounts.default_payer(ref)
        stripe_customer_id = await self.payment_methods.ensure_customer(payer)
        await self.repositories.invoices.record_stripe_customer(payer, stripe_customer_id)
        return payer.model_copy(update={"stripe_customer_id": stripe_customer_id})
