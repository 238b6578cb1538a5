"""The customer that something is done for."""

from dataclasses import dataclass

from billflow.api.services import Services
from billflow.console.services import ConsoleService
from billflow.console.visits import Visit
from billflow.models.contracts.customers import CustomerRecord, CustomerRef


@dataclass(frozen=True)
class CustomerSubject:
    """A customer, with what acts for it."""

    services: Services
    console: ConsoleService
    customer: CustomerRecord
    visit: Visit

    @property
    def ref(self) -> CustomerRef:
        """Return which customer it is."""
        return CustomerRef(org_id=self.customer.org_id, customer_id=self.customer.customer_id)

    @property
    def currency(self) -> str:
        """Return the currency that the customer pays in."""
        return self.customer.billing_account.currency
