"""All repositories and queries of one database, by noun; one is imported and made when it is first asked for."""

from dataclasses import fields
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from billflow.domain.catalog import Catalog
from billflow.store.session.database import Database

if TYPE_CHECKING:
    from billflow.store.access.api_keys import PostgresApiKeyRepository
    from billflow.store.access.idempotency import PostgresIdempotencyRepository
    from billflow.store.access.organizations import PostgresOrganizationRepository
    from billflow.store.adjustments.credits import PostgresCreditRepository
    from billflow.store.adjustments.repository import PostgresAdjustmentRepository
    from billflow.store.audit.erasure import PostgresPersonalDataRepository
    from billflow.store.audit.queries import PostgresAuditQueries
    from billflow.store.customers.billing_accounts import PostgresBillingAccountRepository
    from billflow.store.customers.channels import PostgresChannelRepository
    from billflow.store.customers.contacts import PostgresContactRepository
    from billflow.store.customers.onboardings import PostgresOnboardingRepository
    from billflow.store.customers.projects import PostgresProjectRepository
    from billflow.store.customers.queries import PostgresCustomerQueries
    from billflow.store.customers.reports import PostgresReportQueries
    from billflow.store.customers.repository import PostgresCustomerRepository
    from billflow.store.customers.seats import PostgresSeatRepository
    from billflow.store.customers.settings import PostgresSettingsRepository
    from billflow.store.customers.sponsorships import PostgresSponsorshipRepository
    from billflow.store.dunning.repository import PostgresDunningRepository
    from billflow.store.invoices.queries import PostgresInvoiceQueries
    from billflow.store.invoices.repository import PostgresInvoiceRepository
    from billflow.store.mail.repository import PostgresMailRepository
    from billflow.store.offers.repository import PostgresOfferRepository
    from billflow.store.plans.queries import PostgresPlanQueries
    from billflow.store.plans.repository import PostgresPlanRepository
    from billflow.store.plans.test_clocks import PostgresTestClockRepository
    from billflow.store.reconciliation.repository import PostgresReconciliationRepository
    from billflow.store.session.id_lookup import IdLookup
    from billflow.store.session.monitoring import PostgresMonitoring
    from billflow.store.webhooks.deliveries import PostgresDeliveryRepository
    from billflow.store.webhooks.outbox import PostgresOutboxRepository
    from billflow.store.webhooks.stripe_event_effects import PostgresStripeEventEffects
    from billflow.store.webhooks.stripe_events import PostgresStripeEventRepository

Made = TypeVar("Made")

_GIVEN = frozenset({"database", "catalog", "livemode"})


class Part(Generic[Made]):
    """An attribute that is made when it is first asked for, from what its owner was given.

    Its annotation names the class, *module* where to import it from, under `billflow.store`.
    """

    def __init__(self, module: str) -> None:
        self.module = module

    def __set_name__(self, owner: type, name: str) -> None:
        """Remember where to keep what is made."""
        self.name = name

    def __get__(self, owner: Any, owner_type: type) -> Made:
        """Import the class, make the part and keep it."""
        kind = owner_type.__annotations__[self.name].removeprefix("Part[").removesuffix("]")
        found = getattr(import_module(f"billflow.store.{self.module}"), kind)
        made: Made = found(**{one.name: getattr(owner, one.name) for one in fields(found) if one.name in _GIVEN})
        vars(owner)[self.name] = made
        return made


class Repositories:
    """The repositories of one process: what writes. With *livemode* they work with real money."""

    organizations: "Part[PostgresOrganizationRepository]" = Part("access.organizations")
    api_keys: "Part[PostgresApiKeyRepository]" = Part("access.api_keys")
    idempotency: "Part[PostgresIdempotencyRepository]" = Part("access.idempotency")
    personal_data: "Part[PostgresPersonalDataRepository]" = Part("audit.erasure")
    customers: "Part[PostgresCustomerRepository]" = Part("customers.repository")
    contacts: "Part[PostgresContactRepository]" = Part("customers.contacts")
    billing_accounts: "Part[PostgresBillingAccountRepository]" = Part("customers.billing_accounts")
    projects: "Part[PostgresProjectRepository]" = Part("customers.projects")
    channels: "Part[PostgresChannelRepository]" = Part("customers.channels")
    settings: "Part[PostgresSettingsRepository]" = Part("customers.settings")
    seats: "Part[PostgresSeatRepository]" = Part("customers.seats")
    credits: "Part[PostgresCreditRepository]" = Part("adjustments.credits")
    sponsorships: "Part[PostgresSponsorshipRepository]" = Part("customers.sponsorships")
    onboardings: "Part[PostgresOnboardingRepository]" = Part("customers.onboardings")
    offers: "Part[PostgresOfferRepository]" = Part("offers.repository")
    test_clocks: "Part[PostgresTestClockRepository]" = Part("plans.test_clocks")
    mails: "Part[PostgresMailRepository]" = Part("mail.repository")
    outbox: "Part[PostgresOutboxRepository]" = Part("webhooks.outbox")
    deliveries: "Part[PostgresDeliveryRepository]" = Part("webhooks.deliveries")
    plans: "Part[PostgresPlanRepository]" = Part("plans.repository")
    invoices: "Part[PostgresInvoiceRepository]" = Part("invoices.repository")
    adjustments: "Part[PostgresAdjustmentRepository]" = Part("adjustments.repository")
    dunning: "Part[PostgresDunningRepository]" = Part("dunning.repository")
    reconciliation: "Part[PostgresReconciliationRepository]" = Part("reconciliation.repository")
    stripe_events: "Part[PostgresStripeEventRepository]" = Part("webhooks.stripe_events")
    stripe_event_effects: "Part[PostgresStripeEventEffects]" = Part("webhooks.stripe_event_effects")

    def __init__(self, database: Database, catalog: Catalog, *, livemode: bool = False) -> None:
        self.database, self.catalog, self.livemode = database, catalog, livemode


class Queries:
    """The queries of one process: what reads, for lists and pages."""

    plans: "Part[PostgresPlanQueries]" = Part("plans.queries")
    invoices: "Part[PostgresInvoiceQueries]" = Part("invoices.queries")
    customers: "Part[PostgresCustomerQueries]" = Part("customers.queries")
    ids: "Part[IdLookup]" = Part("session.id_lookup")
    reports: "Part[PostgresReportQueries]" = Part("customers.reports")
    audit: "Part[PostgresAuditQueries]" = Part("audit.queries")
    monitoring: "Part[PostgresMonitoring]" = Part("session.monitoring")

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self.database, self.catalog = database, catalog
