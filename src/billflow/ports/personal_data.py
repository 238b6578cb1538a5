"""What forgetting a person needs: our rows, and Stripe."""

from typing import Protocol

from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.personal_data import CustomerExport, Erasure


class PersonalData(Protocol):
    """What we keep of a person; every method is one transaction. Unknown customers raise `NotFound`."""

    async def export(self, ref: CustomerRef, change: ChangeContext) -> CustomerExport:
        """Return everything that is kept of a customer."""
        ...

    async def erase(self, ref: CustomerRef, change: ChangeContext) -> Erasure:
        """Replace what says who the customer is; what was billed stays. Erased already stays as it is.

        Raises `Refused` while a plan is live or an invoice is open.
        """
        ...


class PaymentsErasure(Protocol):
    """What Stripe keeps of a person."""

    async def forget(self, stripe_customer_id: str) -> None:
        """Blank and delete a customer at Stripe, whose invoices stay there; done already is done.

        Raises `PaymentsUnavailable` or `PaymentsRejected`.
        """
        ...
