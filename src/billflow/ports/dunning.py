"""What activities need of dunning as rows."""

from datetime import datetime
from typing import Protocol

from billflow.models.contracts.collection import CollectionTerms, SmallOrganizationResult, SuspensionResult
from billflow.models.contracts.invoices import InvoiceRef


class DunningRepository(Protocol):
    """What collection by policy reads and writes; every method is one transaction and safe to repeat."""

    async def terms(self, ref: InvoiceRef) -> CollectionTerms:
        """Return the organization's policy, and how far collecting the invoice has come."""

    async def live_plans(self, ref: InvoiceRef) -> SuspensionResult:
        """Return the live plans of the customer who owes the invoice."""

    async def suspend_customer(self, ref: InvoiceRef, at: datetime) -> SuspensionResult:
        """Suspend the customer because of the invoice, unless it is closed or the customer is suspended by now.

        Asked again after the answer was lost, it names the plans that are to hear of it again.
        """

    async def lift_suspension(self, ref: InvoiceRef, at: datetime) -> SuspensionResult:
        """Activate a customer whose last debt that suspended it is closed; other suspensions stay.

        A customer without debts may be deleted by now, and nothing is changed. Plans on hold until they resume are
        named again.
        """

    async def write_off(self, ref: InvoiceRef, at: datetime) -> SmallOrganizationResult:
        """Decide by the small-organization rule (rules 22); without a live plan, void what is open.

        Where the invoice is void already, the answer names what was voided with it.
        """
