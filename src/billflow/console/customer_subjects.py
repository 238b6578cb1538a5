"""The customer that something is done for, and what is shown before it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billflow.api.services import Services
from billflow.console.services import ConsoleService
from billflow.models.contracts.customers import CustomerRecord, CustomerRef
from billflow.models.contracts.previews import PreviewResponse

Preview = Mapping[str, Any]
"""What the page of an action shows of what would happen."""


@dataclass(frozen=True)
class CustomerSubject:
    """A customer, with what acts for it."""

    services: Services
    console: ConsoleService
    customer: CustomerRecord

    @property
    def ref(self) -> CustomerRef:
        """Return which customer it is."""
        return CustomerRef(org_id=self.customer.org_id, customer_id=self.customer.customer_id)

    @property
    def currency(self) -> str:
        """Return the currency that the customer pays in."""
        return self.customer.billing_account.currency


def preview_of(sentences: Sequence[str], of_plan: PreviewResponse | None = None) -> Preview:
    """Return what would happen, in sentences and, where it concerns a plan, in what is billed."""
    return {"sentences": sentences, "of_plan": of_plan, "changes": []}
