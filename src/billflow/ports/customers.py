"""What the service needs to know and keep of customers, without naming who keeps it; each method is one transaction."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from billflow.domain.catalog import Catalog
from billflow.models.contracts.customer_finances import (
    CreditsRecord,
    GrantedCredit,
    NewCredit,
    NewSponsorshipRequest,
    ReportRecord,
    SponsorshipRecord,
    UsageRecord,
)
from billflow.models.contracts.customer_resources import (
    AccountRecord,
    BillingAccountChange,
    ChannelChange,
    ChannelRecord,
    ContactChange,
    NewBillingAccount,
    NewChannel,
    NewContact,
    NewProject,
    ProjectChange,
    ProjectRecord,
)
from billflow.models.contracts.customer_settings import CustomerSettings, Json, ResolvedSettings
from billflow.models.contracts.customers import (
    ChangeContext,
    ContactRecord,
    CustomerChange,
    CustomerRecord,
    CustomerRef,
)
from billflow.models.contracts.invoices import BilledCustomer
from billflow.models.contracts.onboarding import OnboardingInput, OnboardingOptions, OnboardingProgress, ReportPartInput


class CustomerQueries(Protocol):
    """Customers as they are shown."""

    async def get(self, org_id: str, customer_id: str) -> CustomerRecord:
        """Return one customer; raises `NotFound`."""
        ...


class StripeCustomerNames(Protocol):
    """How whoever collects calls those who pay; raises `PaymentsUnavailable` or `PaymentsRejected`."""

    async def rename(self, payer: BilledCustomer) -> None:
        """Take over name and e-mail; safe to repeat."""
        ...


class CustomerBooks(Protocol):
    """Customers and all that belongs to them. Unknown ids raise `NotFound`, what a rule forbids raises `Refused`."""

    async def update(self, ref: CustomerRef, update: CustomerChange, change: ChangeContext) -> CustomerRecord:
        """Change what *update* names."""
        ...

    async def payers(self, ref: CustomerRef) -> tuple[BilledCustomer, ...]:
        """Return those of a customer's accounts that Stripe knows, as it is to call them; none of a deleted one."""
        ...

    async def merge_settings(self, ref: CustomerRef, given: CustomerSettings, change: ChangeContext) -> Json:
        """Lay *given* over the customer's settings, and return all of them; null takes a key away."""
        ...

    async def remove_setting(self, ref: CustomerRef, key: str, change: ChangeContext) -> Json:
        """Take one setting away by its dotted path, and return the others."""
        ...

    async def settings(self, ref: CustomerRef) -> ResolvedSettings:
        """Return the customer's settings, and where each comes from."""
        ...

    async def delete(self, ref: CustomerRef, change: ChangeContext) -> None:
        """Take a customer out of use; what it was billed stays."""
        ...

    async def contacts(self, ref: CustomerRef) -> tuple[ContactRecord, ...]:
        """Return all contacts, the primary one first."""
        ...

    async def contact(self, ref: CustomerRef, contact_id: str) -> ContactRecord:
        """Return one contact."""
        ...

    async def add_contact(self, ref: CustomerRef, new: NewContact, change: ChangeContext) -> ContactRecord:
        """Add a contact; a primary one takes the place of the one before."""
        ...

    async def change_contact(
        self, ref: CustomerRef, contact_id: str, asked: ContactChange, change: ChangeContext
    ) -> ContactRecord:
        """Change what *asked* names of a contact."""
        ...

    async def remove_contact(self, ref: CustomerRef, contact_id: str, change: ChangeContext) -> None:
        """Remove a contact."""
        ...

    async def accounts(self, ref: CustomerRef) -> tuple[AccountRecord, ...]:
        """Return all billing accounts, the default one first."""
        ...

    async def account(self, ref: CustomerRef, account_id: str) -> AccountRecord:
        """Return one billing account."""
        ...

    async def add_account(self, ref: CustomerRef, new: NewBillingAccount, change: ChangeContext) -> AccountRecord:
        """Add a billing account."""
        ...

    async def change_account(
        self, ref: CustomerRef, account_id: str, asked: BillingAccountChange, change: ChangeContext
    ) -> AccountRecord:
        """Change what *asked* names of a billing account."""
        ...

    async def remove_account(self, ref: CustomerRef, account_id: str, change: ChangeContext) -> None:
        """Remove a billing account that is neither the default one nor in use."""
        ...

    async def projects(self, ref: CustomerRef) -> tuple[ProjectRecord, ...]:
        """Return all projects, the oldest first."""
        ...

    async def project(self, ref: CustomerRef, project_id: str) -> ProjectRecord:
        """Return one project."""
        ...

    async def project_settings(self, ref: CustomerRef, project_id: str) -> ResolvedSettings:
        """Return the settings that hold in a project, and where each comes from."""
        ...

    async def add_project(
        self, ref: CustomerRef, new: NewProject, change: ChangeContext, *, project_id: UUID | None = None
    ) -> ProjectRecord:
        """Add a project, where the customer's settings allow one more; under an id of the caller's if it names one."""
        ...

    async def change_project(
        self, ref: CustomerRef, project_id: str, asked: ProjectChange, change: ChangeContext
    ) -> ProjectRecord:
        """Change what *asked* names of a project."""
        ...

    async def remove_project(self, ref: CustomerRef, project_id: str, change: ChangeContext) -> None:
        """Remove a project with its channels."""
        ...

    async def channels(self, org_id: str, project_id: str) -> tuple[ChannelRecord, ...]:
        """Return all channels of a project, the oldest first."""
        ...

    async def channel(self, org_id: str, project_id: str, channel_id: str) -> ChannelRecord:
        """Return one channel."""
        ...

    async def channel_settings(self, org_id: str, project_id: str, channel_id: str) -> ResolvedSettings:
        """Return the settings that hold in a channel, and where each comes from."""
        ...

    async def add_channel(self, org_id: str, project_id: str, new: NewChannel, change: ChangeContext) -> ChannelRecord:
        """Add a channel."""
        ...

    async def change_channel(
        self, org_id: str, path: tuple[str, str], asked: ChannelChange, change: ChangeContext
    ) -> ChannelRecord:
        """Change what *asked* names of the channel at *path*, project and channel."""
        ...

    async def remove_channel(self, org_id: str, path: tuple[str, str], change: ChangeContext) -> None:
        """Remove the channel at *path*, project and channel."""
        ...

    async def usage(self, ref: CustomerRef, since: datetime, until: datetime) -> UsageRecord:
        """Return seats by day, licenses and money by month in `[since, until)`."""
        ...

    async def report(self, ref: CustomerRef) -> ReportRecord:
        """Return what the customer is worth, what it owes, and its plans."""
        ...

    async def credits(self, ref: CustomerRef) -> CreditsRecord:
        """Return what is left of the customer's credits, and how it came about."""
        ...

    async def grant_credit(self, ref: CustomerRef, new: NewCredit, key: str, change: ChangeContext) -> GrantedCredit:
        """Grant a credit once per *key*."""
        ...

    async def sponsorships(self, ref: CustomerRef) -> tuple[SponsorshipRecord, ...]:
        """Return all sponsorship requests, the newest first."""
        ...

    async def request_sponsorship(
        self, ref: CustomerRef, new: NewSponsorshipRequest, change: ChangeContext
    ) -> SponsorshipRecord:
        """Write a sponsorship request."""
        ...

    async def approve_sponsorship(
        self, ref: CustomerRef, request_id: str, catalog: Catalog, change: ChangeContext
    ) -> SponsorshipRecord:
        """Approve a request, once; refused on a paid plan or with a scheduled upgrade."""
        ...

    async def decline_sponsorship(self, ref: CustomerRef, request_id: str, change: ChangeContext) -> SponsorshipRecord:
        """Decline a request, once."""
        ...

    async def begin_onboarding(
        self, ref: CustomerRef, wishes: OnboardingOptions, change: ChangeContext
    ) -> tuple[OnboardingInput, OnboardingProgress]:
        """Write down what is wished for, unless an onboarding runs or is done; return it, and how far it has come."""
        ...

    async def onboarding(self, ref: CustomerRef) -> OnboardingProgress:
        """Return how far the customer's onboarding has come."""
        ...

    async def report_part(self, report: ReportPartInput) -> OnboardingProgress:
        """Note what came of one part of an onboarding."""
        ...

    async def payer(self, ref: CustomerRef) -> BilledCustomer:
        """Return who pays, as Stripe is to know them."""
        ...
