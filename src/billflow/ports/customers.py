"""What activities need of customers: their rows, and their names at Stripe."""

from typing import Protocol
from uuid import UUID

from billflow.models.contracts.customer_resources import AccountRecord, ProjectCreate, ProjectRecord
from billflow.models.contracts.customers import ChangeContext, CustomerRecord, CustomerRef
from billflow.models.contracts.invoices import BilledCustomer
from billflow.models.contracts.onboarding import OnboardingProgress, ReportPartInput


class CustomerQueries(Protocol):
    """Customers as they are shown."""

    async def get(self, org_id: str, customer_id: str) -> CustomerRecord:
        """Return one customer; raises `NotFound`."""


class StripeCustomerNames(Protocol):
    """The names of Stripe's customers; raises `PaymentsUnavailable` or `PaymentsRejected`."""

    async def rename(self, payer: BilledCustomer) -> None:
        """Set name and e-mail of a Stripe customer, however often; one that was deleted there stays so."""


class BillingAccountRepository(Protocol):
    """Billing accounts of a customer; unknown ids raise `NotFound`."""

    async def list(self, ref: CustomerRef) -> tuple[AccountRecord, ...]:
        """Return all of them, the default one first."""

    async def payers(self, ref: CustomerRef) -> tuple[BilledCustomer, ...]:
        """Return those of a customer's accounts that Stripe knows, as it is to call them; none of a deleted one."""

    async def default_payer(self, ref: CustomerRef) -> BilledCustomer:
        """Return who pays by default, as Stripe is to know them."""


class ProjectRepository(Protocol):
    """Projects of a customer; unknown ids raise `NotFound`, what a rule forbids raises `Refused`."""

    async def list(self, ref: CustomerRef) -> tuple[ProjectRecord, ...]:
        """Return all of them, the oldest first."""

    async def create(
        self, ref: CustomerRef, new: ProjectCreate, change: ChangeContext, *, resource_id: UUID | None = None
    ) -> ProjectRecord:
        """Add a project, under an id of the caller's if it names one."""

    async def delete(self, ref: CustomerRef, resource_id: str, change: ChangeContext) -> None:
        """Remove a project with its channels."""


class OnboardingRepository(Protocol):
    """How far onboardings have come."""

    async def record_part(self, report: ReportPartInput) -> OnboardingProgress:
        """Write what came of one part, and return where the whole stands; of an erased customer nothing is written."""
