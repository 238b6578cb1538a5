"""What needs the billing database and nothing else; a part is imported and made when it is first asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import SecretStr

from billflow.models.contracts.access import Mode
from billflow.models.contracts.catalog import CATALOG_FILE, CLOUD_AND_SELF_HOSTED, example_text
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.retention import RetentionPeriods
from billflow.models.contracts.seller import SELLER_FILE
from billflow.models.contracts.seller import example_text as example_seller
from billflow.models.keyring import Keyring
from billflow.models.signatures import SigningKeys
from billflow.payments.mode import is_live
from billflow.settings import Settings, SettingsError, keyring_of, signing_keys_of
from billflow.store.session.database import Database
from billflow.store.session.pools import Pools
from billflow.store.session.repositories import Part, Queries, Repositories
from billflow.store.session.url import sqlalchemy_url

if TYPE_CHECKING:
    from billflow.delivery.addresses import AddressPolicy
    from billflow.documents.invoices import InvoiceDocuments
    from billflow.service.catalog import CatalogService
    from billflow.service.dry_run import DryRunService
    from billflow.service.dry_run_results import DryRunResults
    from billflow.service.taxes import TaxService
    from billflow.store.access.sellers import PostgresSellerRepository
    from billflow.store.audit.archive import AuditArchive
    from billflow.store.audit.key_rotation import KeyRotation
    from billflow.store.audit.retention import Retention
    from billflow.store.audit.roots import AuditRoots
    from billflow.store.customers.seat_sources import PostgresSeatSourceSettings
    from billflow.store.invoices.proofs import InvoiceProofs
    from billflow.store.plans.catalog import PostgresCatalogRepository
    from billflow.store.webhooks.endpoints import PostgresEndpointRepository


@dataclass(frozen=True)
class Store:
    """The billing database by what is read and written; `database` is the pool of connections that its parts share."""

    settings: Settings
    pools: Pools
    database: Database

    catalog: ClassVar["Part[CatalogService]"] = Part("service.catalog")
    taxes: ClassVar["Part[TaxService]"] = Part("service.taxes")
    dry_runs: ClassVar["Part[DryRunService]"] = Part("service.dry_run")
    dry_run_results: ClassVar["Part[DryRunResults]"] = Part("service.dry_run_results")
    key_rotation: ClassVar["Part[KeyRotation]"] = Part("store.audit.key_rotation")
    audit_archive: ClassVar["Part[AuditArchive]"] = Part("store.audit.archive")
    audit_roots: ClassVar["Part[AuditRoots]"] = Part("store.audit.roots")
    proofs: ClassVar["Part[InvoiceProofs]"] = Part("store.invoices.proofs")

    def on(self, database: Database) -> Self:
        """Return the same with its parts on another of its pools."""
        return replace(self, database=database)

    async def check_login(self) -> None:
        """Refuse to serve real money with a login that may do more than run; raises `SettingsError` or `NoDatabase`."""
        from billflow.store.session.login import excess_rights

        if self.mode is Mode.LIVE and (rights := await excess_rights(self.database)):
            raise SettingsError(
                f"The login in DATABASE_URL {', '.join(rights)}; name one that only runs, and give the owner's "
                "to `billflow migrate` as DATABASE_OWNER_URL."
            )

    @cached_property
    def mode(self) -> Mode:
        """Return whether money is real, which the key of Stripe decides."""
        return Mode.LIVE if is_live(required(self.settings.stripe_api_key, "STRIPE_API_KEY")) else Mode.TEST

    @cached_property
    def signing_keys(self) -> SigningKeys | None:
        """Return what signs the audit log, None where nothing does."""
        return signing_keys_of(self.settings)

    @cached_property
    def repositories(self) -> Repositories:
        """Return what writes rows, by noun."""
        return Repositories(self.database, livemode=self.mode is Mode.LIVE)

    @cached_property
    def queries(self) -> Queries:
        """Return what reads rows, by noun."""
        return Queries(self.database)

    @cached_property
    def endpoints(self) -> "PostgresEndpointRepository":
        """Return where events are sent."""
        from billflow.store.webhooks.endpoints import PostgresEndpointRepository

        return PostgresEndpointRepository(self.database, self.address_policy.check_url)

    @cached_property
    def retention(self) -> "Retention":
        """Return what deletes by age."""
        from billflow.store.audit.retention import Retention

        return Retention(self.database, _periods(self.settings), self.settings.audit_archive_dir, self.audit_roots)

    @cached_property
    def seat_sources(self) -> "PostgresSeatSourceSettings":
        """Return where seats come from."""
        from billflow.store.customers.seat_sources import PostgresSeatSourceSettings

        return PostgresSeatSourceSettings(self.database, self.address_policy.check_url)

    @cached_property
    def address_policy(self) -> "AddressPolicy":
        """Return which addresses events may be sent to: in live mode none of our own network, whatever is set."""
        from billflow.delivery.addresses import AddressPolicy

        return AddressPolicy(private=self.settings.webhook_private_addresses and self.mode is Mode.TEST)

    @cached_property
    def documents(self) -> "InvoiceDocuments":
        """Return the invoices as documents."""
        from billflow.documents.invoices import InvoiceDocuments

        seller = self.repositories.sellers.printed
        adjustment, statement = self.repositories.adjustments.get, self.queries.statements.statement
        return InvoiceDocuments(self.queries.invoices.get, self.queries.customers.get, seller, adjustment, statement)


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """Yield the billing database that *settings* name, and close its connections at the end.

    Raises `SettingsError` where a variable is missing; `NoDatabase` comes with the first use where nobody answers.
    """
    url = sqlalchemy_url(required(settings.database_url, "DATABASE_URL"))
    pools = Pools.on(url, _checked_keyring(settings))
    try:
        yield Store(settings, pools, pools.work)
    finally:
        await pools.close()


async def sell_example(catalogs: "PostgresCatalogRepository", org_id: str) -> None:
    """Let an organization that sells nothing yet sell what the example for cloud and self-hosted customers has."""
    change = ChangeContext(actor="system", at=datetime.now(UTC))
    if not (await catalogs.current(org_id)).version:
        await catalogs.apply(org_id, CATALOG_FILE.from_toml(example_text(CLOUD_AND_SELF_HOSTED)), change)


async def sell_as_example(sellers: "PostgresSellerRepository", org_id: str) -> None:
    """Let an organization that has no seller yet be the one of the example."""
    change = ChangeContext(actor="system", at=datetime.now(UTC))
    if not (await sellers.get(org_id)).version:
        await sellers.apply(org_id, SELLER_FILE.from_toml(example_seller()), change)


def migrate(settings: Settings) -> None:
    """Bring the database to the newest version; safe to repeat. Raises `SettingsError` or `NoDatabase`.

    As the owner of `DATABASE_OWNER_URL`, where there is one, who then lets the login of `DATABASE_URL` run.
    """
    from billflow.migrations.login import grant_roles
    from billflow.migrations.upgrade import upgrade

    url = required(settings.database_url, "DATABASE_URL")
    if settings.database_owner_url is None:
        upgrade(url)
        return
    owner_url = settings.database_owner_url.get_secret_value()
    upgrade(owner_url)
    grant_roles(sqlalchemy_url(owner_url), sqlalchemy_url(url))


def required(secret: SecretStr | None, variable: str) -> str:
    """Return the text of a setting that can't be done without; raises `SettingsError`."""
    if secret is None:
        raise SettingsError(f"{variable} is not set; set it, or start everything with `billflow dev`.")
    return secret.get_secret_value()


def _periods(settings: Settings) -> RetentionPeriods:
    former = settings.keep_former_states_days
    return RetentionPeriods(
        stripe_events=timedelta(days=settings.keep_stripe_events_days),
        foreign_events=timedelta(days=settings.keep_foreign_events_days),
        mails=timedelta(days=settings.keep_mails_days),
        computed_invoices=timedelta(days=settings.keep_computed_invoices_days),
        plan_batches=timedelta(days=settings.keep_plan_batches_days),
        reconciliations=timedelta(days=settings.keep_reconciliations_days),
        seats=timedelta(days=settings.keep_seats_days),
        deliveries=timedelta(days=settings.keep_deliveries_days),
        events=timedelta(days=settings.keep_events_days),
        audit=timedelta(days=settings.keep_audit_days),
        former_states=None if former is None else timedelta(days=former),
    )


def _checked_keyring(settings: Settings) -> Keyring | None:
    live = is_live(required(settings.stripe_api_key, "STRIPE_API_KEY"))
    if live and settings.encryption_keys is None:
        raise SettingsError(
            "BILLFLOW_ENCRYPTION_KEYS is not set, and with a live Stripe key nothing personal is kept in the clear; "
            "set it to id:base64 with 32 random bytes."
        )
    return keyring_of(settings)
