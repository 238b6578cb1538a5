"""All repositories and queries of one database, by noun; callers name the ones they need by their classes."""

from billflow.domain.catalog import Catalog
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
from billflow.store.session.database import Database
from billflow.store.session.id_lookup import IdLookup
from billflow.store.session.monitoring import PostgresMonitoring
from billflow.store.webhooks.deliveries import PostgresDeliveryRepository
from billflow.store.webhooks.outbox import PostgresOutboxRepository
from billflow.store.webhooks.stripe_event_effects import PostgresStripeEventEffects
from billflow.store.webhooks.stripe_events import PostgresStripeEventRepository


class Repositories:
    """The repositories of one process: what writes. With *livemode* they work with real money."""

    def __init__(self, database: Database, catalog: Catalog, *, livemode: bool = False) -> None:
        self.organizations = PostgresOrganizationRepository(database, livemode)
        self.api_keys = PostgresApiKeyRepository(database)
        self.idempotency = PostgresIdempotencyRepository(database)
        self.personal_data = PostgresPersonalDataRepository(database)
        self.customers = PostgresCustomerRepository(database)
        self.contacts = PostgresContactRepository(database)
        self.billing_accounts = PostgresBillingAccountRepository(database)
        self.projects = PostgresProjectRepository(database)
        self.channels = PostgresChannelRepository(database)
        self.settings = PostgresSettingsRepository(database)
        self.seats = PostgresSeatRepository(database)
        self.credits = PostgresCreditRepository(database)
        self.sponsorships = PostgresSponsorshipRepository(database, catalog)
        self.onboardings = PostgresOnboardingRepository(database)
        self.offers = PostgresOfferRepository(database, catalog)
        self.test_clocks = PostgresTestClockRepository(database, livemode)
        self.mails = PostgresMailRepository(database)
        self.outbox = PostgresOutboxRepository(database)
        self.deliveries = PostgresDeliveryRepository(database)
        self.plans = PostgresPlanRepository(database, catalog)
        self.invoices = PostgresInvoiceRepository(database)
        self.adjustments = PostgresAdjustmentRepository(database)
        self.dunning = PostgresDunningRepository(database)
        self.reconciliation = PostgresReconciliationRepository(database, catalog)
        self.stripe_events = PostgresStripeEventRepository(database)
        self.stripe_event_effects = PostgresStripeEventEffects(database)


class Queries:
    """The queries of one process: what reads, for lists and pages."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
        self.plans = PostgresPlanQueries(database, catalog)
        self.invoices = PostgresInvoiceQueries(database)
        self.customers = PostgresCustomerQueries(database)
        self.ids = IdLookup(database)
        self.reports = PostgresReportQueries(database)
        self.audit = PostgresAuditQueries(database)
        self.monitoring = PostgresMonitoring(database)
