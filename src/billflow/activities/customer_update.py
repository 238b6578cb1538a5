"""What Stripe is told when a customer changes its name or e-mail for invoices; may run twice."""

from dataclasses import dataclass

from temporalio import activity

from billflow.activities.stripe_errors import stripe_errors
from billflow.models.contracts.customers import CustomerRef
from billflow.ports.customers import BillingAccountRepository, StripeCustomerNames


@dataclass(frozen=True)
class CustomerUpdateActivities:
    """Our database says how a customer is called; whoever comes last brings the newest to Stripe."""

    billing_accounts: BillingAccountRepository
    names: StripeCustomerNames

    @activity.defn
    async def update_payers(self, customer: CustomerRef) -> None:
        """Give every Stripe customer of a customer of ours its name and e-mail as they are now."""
        for payer in await self.billing_accounts.payers(customer):
            with stripe_errors():
                await self.names.rename(payer)
