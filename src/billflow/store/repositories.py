"""All repositories and queries of one database, by noun; callers name the ones they need by their classes."""

from billflow.domain.catalog import Catalog
from billflow.store.adjustments.repository import PostgresAdjustmentRepository
from billflow.store.customers.queries import PostgresCustomerQueries
from billflow.store.dunning.repository import PostgresDunningRepository
from billflow.store.invoices.queries import PostgresInvoiceQueries
from billflow.store.invoices.repository import PostgresInvoiceRepository
from billflow.store.plans.queries import PostgresPlanQueries
from billflow.store.plans.repository import PostgresPlanRepository
from billflow.store.reconciliation.repository import PostgresReconciliationRepository
from billflow.store.session.database import Database
from billflow.store.session.id_lookup import IdLookup
from billflow.store.webhooks.stripe_event_effects import PostgresStripeEventEffects
from billflow.store.webhooks.stripe_events import PostgresStripeEventRepository


class Repositories:
    """The repositories of one process: what writes."""

    def __init__(self, database: Database, catalog: Catalog) -> None:
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
