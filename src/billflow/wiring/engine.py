"""What one process needs, connected: PostgreSQL, Temporal and Stripe."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from typing import Self

import stripe
from pydantic import SecretStr
from temporalio.client import Client

from billflow.domain.catalog import Catalog, catalog_from_toml
from billflow.migrations.upgrade import upgrade
from billflow.models.contracts.access import Mode
from billflow.models.keyring import Keyring
from billflow.payments.client import is_live, stripe_client
from billflow.payments.gateway import StripeGateway
from billflow.payments.payment_methods import StripePaymentMethods
from billflow.payments.sandbox import Sandbox
from billflow.service.adjustments import AdjustmentService
from billflow.service.clocks import ClockService
from billflow.service.collection import CollectionService
from billflow.service.customers import CustomerService
from billflow.service.invoices import InvoiceService
from billflow.service.offers import OfferService
from billflow.service.plans import PlanService
from billflow.service.reconciliation import ReconciliationService
from billflow.service.seats import SeatService
from billflow.service.workflow_control import WorkflowControl
from billflow.settings import Settings, SettingsError, keyring_of, payload_keyring
from billflow.store.repositories import Queries, Repositories
from billflow.store.session.database import Database
from billflow.store.session.pools import Pools
from billflow.store.session.url import sqlalchemy_url
from billflow.temporal import search_attributes
from billflow.temporal.client import connect


@dataclass(frozen=True)
class Engine:
    """Everything one process needs, connected; `database` is the pool of connections that its parts share."""

    settings: Settings
    client: Client
    catalog: Catalog
    stripe: stripe.StripeClient
    pools: Pools
    database: Database
    mode: Mode

    def on(self, database: Database) -> Self:
        """Return the same engine with its parts on another of its pools."""
        return replace(self, database=database)

    @cached_property
    def repositories(self) -> Repositories:
        """Return what writes rows, by noun."""
        return Repositories(self.database, self.catalog, livemode=self.mode is Mode.LIVE)

    @cached_property
    def queries(self) -> Queries:
        """Return what reads rows, by noun."""
        return Queries(self.database, self.catalog)

    @cached_property
    def gateway(self) -> StripeGateway:
        """Return what collects money."""
        return StripeGateway(self.stripe, livemode=self.mode is Mode.LIVE)

    @cached_property
    def control(self) -> WorkflowControl:
        """Return what starts, signals and finds workflows."""
        return WorkflowControl(self.client)

    @cached_property
    def plans(self) -> PlanService:
        """Return what one can ask of plans."""
        return PlanService(self.control, self.repositories.plans, self.queries.plans)

    @property
    def collection(self) -> CollectionService:
        """Return what is told to the collection of invoices."""
        rows = self.repositories
        return CollectionService(self.control, self.plans, rows.plans, rows.dunning, self.queries.invoices)

    @property
    def customers(self) -> CustomerService:
        """Return what one can ask of customers."""
        return CustomerService(
            plans=self.plans,
            customers=self.repositories.customers,
            onboardings=self.repositories.onboardings,
            sponsorships=self.repositories.sponsorships,
            customer_queries=self.queries.customers,
            plan_queries=self.queries.plans,
            catalog=self.catalog,
        )

    @property
    def seats(self) -> SeatService:
        """Return what takes in reports of seats."""
        return SeatService(self.plans, self.queries.plans, self.repositories.seats)

    @property
    def clocks(self) -> ClockService:
        """Return what moves test clocks."""
        return ClockService(self.plans, self.queries.plans, self.queries.invoices, self.repositories.test_clocks)

    @property
    def invoices(self) -> InvoiceService:
        """Return what one can ask of single invoices and ways to pay."""
        return InvoiceService(
            control=self.control,
            collection=self.collection,
            invoice_repository=self.repositories.invoices,
            invoice_queries=self.queries.invoices,
            customer_queries=self.queries.customers,
            methods=StripePaymentMethods(self.stripe, self.gateway),
        )

    @property
    def adjustments(self) -> AdjustmentService:
        """Return what refunds, credits, voids and writes off."""
        rows = self.repositories
        return AdjustmentService(self.control, self.collection, rows.adjustments, rows.plans, self.queries.invoices)

    @property
    def reconciliation(self) -> ReconciliationService:
        """Return what compares database, Stripe and workflows on request."""
        return ReconciliationService(self.control, self.collection)

    @property
    def sandbox(self) -> Sandbox:
        """Return what stands in for customers with a test card; raises `SettingsError` for a live key."""
        return Sandbox(self.stripe, required(self.settings.stripe_api_key, "STRIPE_API_KEY"))

    @property
    def offers(self) -> OfferService:
        """Return what one can ask of offers."""
        return OfferService(self.plans, self.repositories.offers, self.gateway)


@asynccontextmanager
async def open_engine(settings: Settings, temporal: str | Client | None = None) -> AsyncIterator[Engine]:
    """Connect to PostgreSQL, Temporal and Stripe as *settings* say, and close it all at the end.

    *temporal* is the address of a server, a client that is connected, or None for what the `TEMPORAL_*` variables name.
    Raises `SettingsError` where a variable is missing, `NoTemporalServer` or `NoDatabase` where nobody answers.
    """
    async with AsyncExitStack() as closing:
        database_url = sqlalchemy_url(required(settings.database_url, "DATABASE_URL"))
        api_key = required(settings.stripe_api_key, "STRIPE_API_KEY")
        pools = Pools.on(database_url, _checked_keyring(settings))
        closing.push_async_callback(pools.close)
        stripe = await closing.enter_async_context(stripe_client(api_key, settings.stripe_api_base))
        client = await _connected(settings, temporal)
        await search_attributes.ensure(client)
        mode = Mode.LIVE if is_live(api_key) else Mode.TEST
        yield Engine(settings, client, bundled_catalog(), stripe, pools, pools.work, mode)


async def _connected(settings: Settings, temporal: str | Client | None) -> Client:
    if isinstance(temporal, Client):
        return temporal
    return await connect(temporal, keyring=payload_keyring(settings))


def bundled_catalog() -> Catalog:
    """Return the catalogue that comes with billflow."""
    return catalog_from_toml(files("billflow").joinpath("catalog.toml").read_text(encoding="utf-8"))


def migrate(settings: Settings) -> None:
    """Bring the database to the newest version; safe to repeat. Raises `SettingsError` or `NoDatabase`."""
    upgrade(required(settings.database_url, "DATABASE_URL"))


def required(secret: SecretStr | None, variable: str) -> str:
    """Return the text of a setting that can't be done without; raises `SettingsError`."""
    if secret is None:
        raise SettingsError(f"{variable} is not set; set it, or start everything with `billflow dev`.")
    return secret.get_secret_value()


def _checked_keyring(settings: Settings) -> Keyring | None:
    live = is_live(required(settings.stripe_api_key, "STRIPE_API_KEY"))
    if live and settings.encryption_keys is None:
        raise SettingsError(
            "BILLFLOW_ENCRYPTION_KEYS is not set, and with a live Stripe key nothing personal is kept in the clear; "
            "set it to id:base64 with 32 random bytes."
        )
    return keyring_of(settings)
