"""The rows of one process, by noun: repositories write, queries read."""

from dataclasses import dataclass
from typing import Self

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


@dataclass(frozen=True)
class Repositories:
    """What writes; every method is one transaction and safe to repeat."""

    plans: PostgresPlanRepository
    invoices: PostgresInvoiceRepository
    adjustments: PostgresAdjustmentRepository
    dunning: PostgresDunningRepository
    reconciliation: PostgresReconciliationRepository

    @classmethod
    def on(cls, database: Database, catalog: Catalog) -> Self:
        """Return the repositories of a database."""
        return cls(
            plans=PostgresPlanRepository(database, catalog),
            invoices=PostgresInvoiceRepository(database),
            adjustments=PostgresAdjustmentRepository(database),
            dunning=PostgresDunningRepository(database),
            reconciliation=PostgresReconciliationRepository(database, catalog),
        )


@dataclass(frozen=True)
class Queries:
    """What reads."""

    plans: PostgresPlanQueries
    invoices: PostgresInvoiceQueries
    customers: PostgresCustomerQueries
    ids: IdLookup

    @classmethod
    def on(cls, database: Database, catalog: Catalog) -> Self:
        """Return the queries of a database."""
        return cls(
            plans=PostgresPlanQueries(database, catalog),
            invoices=PostgresInvoiceQueries(database),
            customers=PostgresCustomerQueries(database),
            ids=IdLookup(database),
        )
