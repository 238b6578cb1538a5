"""Erasure of a customer's personal data, in our database and at Stripe."""

from dataclasses import dataclass

from stripe import StripeClient

from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.personal_data import Erasure
from billflow.payments.customers import erase_customer
from billflow.store.session.repositories import Repositories


@dataclass(frozen=True)
class PrivacyService:
    """Personal data as its owners may ask for it."""

    repositories: Repositories
    stripe: StripeClient

    async def erase(self, ref: CustomerRef, change: ChangeContext) -> Erasure:
        """Erase who a customer is: first here, then at Stripe; repeated, it does what is left.

        Raises `Refused` while a plan is live or an invoice is open, `PaymentsUnavailable` where Stripe is out of reach.
        """
        erasure = await self.repositories.personal_data.erase(ref, change)
        for stripe_customer_id in erasure.stripe_customer_ids:
            await erase_customer(self.stripe, stripe_customer_id)
        return erasure
