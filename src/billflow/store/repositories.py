"""All repositories of one database, by noun; callers name the ones they need by their classes."""

from billflow.domain.catalog import Catalog
from billflow.store.access.api_keys import PostgresApiKeyRepository
from billflow.store.access.idempotency import PostgresIdempotencyRepository
from billflow.store.access.organizations import PostgresOrganizationRepository
from billflow.store.adjustments.credits import PostgresCreditRepository
from billflow.store.audit.erasure import PostgresPersonalDataRepository
from billflow.store.audit.queries import PostgresAuditQueries
from billflow.store.customers.billing_accounts import PostgresBillingAccountRepository
from billflow.store.customers.channels import PostgresChannelRepository
from billflow.store.customers.contacts import PostgresContactRepository
from billflow.store.customers.onboardings import PostgresOnboardingRepository
from billflow.store.customers.projects import PostgresProjectRepository
from billflow.store.customers.reports import PostgresReportQueries
from billflow.store.customers.repository import PostgresCustomerRepository
from billflow.store.customers.seats import PostgresSeatRepository
from billflow.store.customers.settings import PostgresSettingsRepository
from billflow.store.customers.sponsorships import PostgresSponsorshipRepository
from billflow.store.mail.repository import PostgresMailRepository
from billflow.store.offers.repository import PostgresOfferRepository
from billflow.store.plans.test_clocks import PostgresTestClockRepository
from billflow.store.session.database import Database
from billflow.store.session.monitoring import PostgresMonitoring
from billflow.store.webhooks.deliveries import PostgresDeliveryRepository
from billflow.store.webhooks.outbox import PostgresOutboxRepository


class Repositories:
    """The repositories of one process; with *livemode* they work with real money."""

    def __init__(self, database: Database, catalog: Catalog, *, livemode: bool = False) -> None:
        self.organizations = PostgresOrganizationRepository(database, livemode)
        self.api_keys = PostgresApiKeyRepository(database)
        self.idempotency = PostgresIdempotencyRepository(database)
        self.monitoring = PostgresMonitoring(database)
        self.audit = PostgresAuditQueries(database)
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
        self.reports = PostgresReportQueries(database)
        self.offers = PostgresOfferRepository(database, catalog)
        self.test_clocks = PostgresTestClockRepository(database, livemode)
        self.mails = PostgresMailRepository(database)
        self.outbox = PostgresOutboxRepository(database)
        self.deliveries = PostgresDeliveryRepository(database)
