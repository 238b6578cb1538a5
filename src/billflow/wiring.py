"""The roof: the only module that knows every concrete class."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files

import stripe
from fastapi import FastAPI
from pydantic import SecretStr
from temporalio.client import Client

from billflow.activities.collection import CollectionActivities
from billflow.activities.comparing import Comparison
from billflow.activities.delivery import DeliveryActivities
from billflow.activities.dunning import DunningActivities
from billflow.activities.mail import MailActivities
from billflow.activities.onboarding import OnboardingActivities
from billflow.activities.reconciliation import ReconciliationActivities
from billflow.activities.repairing import Repairs
from billflow.activities.settling import SettlingActivities
from billflow.activities.steps import StepActivities
from billflow.api.app import create_app
from billflow.api.codec import PATH as CODEC_PATH
from billflow.api.codec import CodecDesk, codec_app
from billflow.api.doorkeeper import Doorkeeper
from billflow.api.routes.health import Remembered
from billflow.api.services import Probe, Services
from billflow.api.stripe_events import StripeEvents
from billflow.crew import Crew
from billflow.documents.papers import InvoicePapers
from billflow.domain.catalog import Catalog, catalog_from_toml
from billflow.hooks.addresses import Reach
from billflow.hooks.sender import http_sender
from billflow.mailing.letters import letter
from billflow.mailing.smtp import SmtpMailer
from billflow.models.contracts.keys import Mode
from billflow.models.keyring import Keyring
from billflow.payments.client import is_live, stripe_client
from billflow.payments.forgetting import StripePrivacy
from billflow.payments.gateway import StripeGateway
from billflow.payments.methods import StripePaymentMethods
from billflow.payments.reconciling import StripeInvoices
from billflow.payments.sandbox import Sandbox
from billflow.payments.settling import StripeSettlements
from billflow.payments.webhook import verified_event
from billflow.ports.billing import WebhookInbox
from billflow.service.billing import Billing
from billflow.service.customers import Customers
from billflow.service.dispatching import Dispatcher, Lanes
from billflow.service.fleet import Fleet
from billflow.service.hearing import StripeNews
from billflow.service.invoices import Invoices
from billflow.service.offering import Offering
from billflow.service.outward import Outward
from billflow.service.privacy import Privacy
from billflow.settings import Settings, SettingsError, keyring_of, payload_keyring
from billflow.store.answers import PostgresAnswers
from billflow.store.archive import PostgresArchive
from billflow.store.auditing import PostgresAudit
from billflow.store.books import PostgresBooks
from billflow.store.customer_books import PostgresCustomerBooks
from billflow.store.endpoints import PostgresEndpoints
from billflow.store.engine import Database
from billflow.store.inbox import PostgresInbox
from billflow.store.keys import PostgresKeys
from billflow.store.migrate import upgrade
from billflow.store.offers import PostgresOffers
from billflow.store.outbox import PostgresOutbox
from billflow.store.postbox import PostgresPostbox
from billflow.store.privacy import PostgresPrivacy
from billflow.store.reconciling import PostgresReconciliation
from billflow.store.registry import PostgresRegistry, org_id_of
from billflow.store.rotation import Rotation
from billflow.store.sellers import PostgresSellers
from billflow.store.stripe_news import PostgresNews
from billflow.store.url import sqlalchemy_url
from billflow.store.watch import PostgresWatch
from billflow.temporal import schedules, search_attributes
from billflow.temporal.client import connect
from billflow.temporal.codec import EncryptionCodec
from billflow.temporal.queues import DELIVERY
from billflow.temporal.worker import build_worker
from billflow.workflows.delivery import DeliveryWorkflow

LIVE_INVOICES_PER_SECOND = 20.0
SANDBOX_INVOICES_PER_SECOND = 5.0
"""An invoice takes four of Stripe's operations, each allowed 25 times a second, or all together in a sandbox."""

PROBE_PATIENCE = timedelta(seconds=2)
"""How long Temporal has to say that it is well."""

STRIPE_REMEMBERED_FOR = 30.0
"""Seconds that Stripe is not asked again whether it is well: its rate is for invoices."""


@dataclass(frozen=True)
class Engine:
    """Everything one process needs, connected."""

    settings: Settings
    client: Client
    catalog: Catalog
    books: PostgresBooks
    archive: PostgresArchive
    registry: PostgresRegistry
    stripe: stripe.StripeClient
    gateway: StripeGateway
    billing: Billing
    customers: Customers
    customer_books: PostgresCustomerBooks
    keys: PostgresKeys
    mode: Mode

    @property
    def invoices(self) -> Invoices:
        """Return what one can ask about single invoices and ways to pay."""
        methods = StripePaymentMethods(self.stripe, self.gateway)
        return Invoices(self.client, self.billing, self.books, self.archive, methods)

    @property
    def sandbox(self) -> Sandbox:
        """Return what stands in for customers with a test card; raises `SettingsError` for a live key."""
        return Sandbox(self.stripe, _required(self.settings.stripe_api_key, "STRIPE_API_KEY"))

    @property
    def postbox(self) -> PostgresPostbox:
        """Return the mails to customers."""
        return PostgresPostbox(self.books.database)

    @property
    def offering(self) -> Offering:
        """Return what one can ask about offers."""
        return Offering(self.billing, PostgresOffers(self.books.database, self.catalog), self.gateway)


@asynccontextmanager
async def open_engine(settings: Settings, temporal_address: str | None = None) -> AsyncIterator[Engine]:
    """Connect to PostgreSQL, Temporal and Stripe as *settings* say, and close it all at the end.

    Raises `SettingsError` where a variable is missing, `NoTemporalServer` or `NoDatabase` where nobody answers.
    """
    catalog = bundled_catalog()
    async with AsyncExitStack() as closing:
        database_url = sqlalchemy_url(_required(settings.database_url, "DATABASE_URL"))
        api_key = _required(settings.stripe_api_key, "STRIPE_API_KEY")
        database = Database(database_url, keyring=_checked_keyring(settings))
        closing.push_async_callback(database.close)
        stripe = await closing.enter_async_context(stripe_client(api_key, settings.stripe_api_base))
        client = await connect(temporal_address, keyring=payload_keyring(settings))
        await search_attributes.ensure(client)
        books, archive = PostgresBooks(database, catalog), PostgresArchive(database, catalog)
        registry = PostgresRegistry(database, livemode=is_live(api_key))
        billing, customer_books = Billing(client, books, archive, registry), PostgresCustomerBooks(database)
        yield Engine(
            settings=settings,
            client=client,
            catalog=catalog,
            books=books,
            archive=archive,
            registry=registry,
            stripe=stripe,
            gateway=StripeGateway(stripe, livemode=is_live(api_key)),
            billing=billing,
            customers=Customers(billing, archive, registry, customer_books, catalog),
            customer_books=customer_books,
            keys=PostgresKeys(database),
            mode=Mode.LIVE if is_live(api_key) else Mode.TEST,
        )


def workers(engine: Engine) -> list[AbstractAsyncContextManager[object]]:
    """Build the workers of all task queues: workflows with their steps, Stripe, and events on their way out."""
    crew, build_id = crew_of(engine), engine.settings.build_id
    return [
        delivering(engine),
        crew.billing_worker(engine.client, build_id),
        crew.stripe_worker(engine.client, build_id, _stripe_rate(engine.settings)),
    ]


def crew_of(engine: Engine) -> Crew:
    """Build every activity but those of events on their way out."""
    return Crew(
        steps=StepActivities(engine.books),
        collection=CollectionActivities(engine.books, engine.gateway),
        dunning=DunningActivities(engine.books),
        settling=SettlingActivities(engine.books, engine.gateway, settlements_of(engine)),
        mail=mail_activities(engine),
        onboarding=onboarding_activities(engine),
        reconciliation=reconciliation_activities(engine),
    )


def onboarding_activities(engine: Engine) -> OnboardingActivities:
    """Build what takes a new customer in."""
    return OnboardingActivities(engine.customer_books, engine.archive, engine.registry, engine.books, engine.gateway)


def settlements_of(engine: Engine) -> StripeSettlements:
    """Build what gives money back at Stripe."""
    return StripeSettlements(engine.stripe, livemode=engine.mode is Mode.LIVE)


def mail_activities(engine: Engine) -> MailActivities:
    """Build what writes to customers; without a mail server letters are only kept."""
    url, sender = engine.settings.smtp_url, engine.settings.mail_from
    mailer = SmtpMailer(url.get_secret_value(), sender) if url else None
    return MailActivities(engine.postbox, letter, mailer)


def reconciliation_activities(engine: Engine) -> ReconciliationActivities:
    """Build what compares rows, Stripe and workflows, and mends them."""
    books, stripe, fleet = reconciliation_reports(engine), StripeInvoices(engine.stripe), fleet_of(engine)
    inbox = PostgresInbox(engine.books.database)
    return ReconciliationActivities(
        books, Comparison(books, stripe, fleet), Repairs(books, engine.books, inbox, engine.gateway, stripe, fleet)
    )


def papers_of(engine: Engine) -> InvoicePapers:
    """Return the invoices on paper."""
    return InvoicePapers(engine.archive, PostgresSellers(engine.books.database).seller)


def fleet_of(engine: Engine) -> Fleet:
    """Return the workflows as a whole."""
    return Fleet(engine.client, engine.billing)


async def ensure_schedules(engine: Engine) -> None:
    """Let what happens by the clock happen for the organization that the settings name; safe to repeat."""
    await schedules.ensure_schedules(engine.client, await engine.registry.create_org(engine.settings.org))


def reconciliation_reports(engine: Engine) -> PostgresReconciliation:
    """Return the record of what reconciliations found."""
    return PostgresReconciliation(engine.books.database, engine.catalog)


@asynccontextmanager
async def delivering(engine: Engine) -> AsyncIterator[None]:
    """Send events to endpoints: a worker of its own, and a dispatcher that notices new events."""
    outbox = PostgresOutbox(engine.books.database)
    async with http_sender(reach_of(engine)) as sender:
        activities = DeliveryActivities(outbox, sender)
        worker = build_worker(
            engine.client,
            DELIVERY,
            workflows=[DeliveryWorkflow],
            activities=[activities.deliver],
            build_id=engine.settings.build_id,
        )
        async with worker, Dispatcher(outbox, Lanes(engine.client)):
            yield


def outward_of(engine: Engine) -> Outward:
    """Return what manages endpoints and sends events once more."""
    database = engine.books.database
    endpoints = PostgresEndpoints(database, reach_of(engine).check_url)
    return Outward(endpoints, PostgresOutbox(database), Lanes(engine.client), PostgresAudit(database))


def privacy_of(engine: Engine) -> Privacy:
    """Return what exports and erases customers."""
    return Privacy(PostgresPrivacy(engine.books.database), StripePrivacy(engine.stripe))


async def rotate_encryption(engine: Engine) -> int:
    """Encrypt all rows by the current key, and return how many there were; raises `Refused` without a key."""
    return await Rotation(engine.books.database).run()


def reach_of(engine: Engine) -> Reach:
    """Return which addresses events may be sent to: in live mode none of our own network."""
    return Reach(test_mode=engine.mode is Mode.TEST)


def bundled_catalog() -> Catalog:
    """Return the catalogue that comes with billflow."""
    return catalog_from_toml(files("billflow").joinpath("catalog.toml").read_text(encoding="utf-8"))


def migrate(settings: Settings) -> None:
    """Bring the database to the newest version; safe to repeat. Raises `SettingsError` or `NoDatabase`."""
    upgrade(_required(settings.database_url, "DATABASE_URL"))


def _required(secret: SecretStr | None, variable: str) -> str:
    if secret is None:
        raise SettingsError(f"{variable} is not set; set it, or start everything with `billflow dev`.")
    return secret.get_secret_value()


def _checked_keyring(settings: Settings) -> Keyring | None:
    live = is_live(_required(settings.stripe_api_key, "STRIPE_API_KEY"))
    if live and settings.encryption_keys is None:
        raise SettingsError(
            "BILLFLOW_ENCRYPTION_KEYS is not set, and with a live Stripe key nothing personal is kept in the clear; "
            "set it to id:base64 with 32 random bytes."
        )
    return keyring_of(settings)


def _stripe_rate(settings: Settings) -> float | None:
    if settings.stripe_api_base is not None or settings.stripe_api_key is None:
        return None
    return (
        LIVE_INVOICES_PER_SECOND if is_live(settings.stripe_api_key.get_secret_value()) else SANDBOX_INVOICES_PER_SECOND
    )


def build_api(engine: Engine) -> FastAPI:
    """Build the API for every organization with a key; raises `SettingsError` without a webhook secret."""
    services = api_services(engine)
    app = create_app(services)
    app.mount(CODEC_PATH, codec_app(services, _codec_desk(engine.settings)))
    return app


def _codec_desk(settings: Settings) -> CodecDesk:
    keyring = payload_keyring(settings)
    codec = EncryptionCodec(keyring) if keyring else None
    return CodecDesk(codec, org_id_of(settings.org), settings.temporal_ui_origin)


def api_services(engine: Engine) -> Services:
    """Return what the API works with; raises `SettingsError` without a webhook secret."""
    secret = _required(engine.settings.stripe_webhook_secret, "STRIPE_WEBHOOK_SECRET")
    database = engine.books.database
    watch = PostgresWatch(database)
    return Services(
        billing=engine.billing,
        books=engine.books,
        archive=engine.archive,
        registry=engine.registry,
        customers=engine.customers,
        customer_books=engine.customer_books,
        offering=engine.offering,
        catalog=engine.catalog,
        invoices=engine.invoices,
        stripe_events=StripeEvents(PostgresInbox(database), stripe_news(engine), watch),
        papers=papers_of(engine),
        verify_webhook=lambda body, signature: verified_event(body, signature, secret),
        probes=_probes(engine),
        doorkeeper=Doorkeeper(engine.keys, engine.mode),
        answers=PostgresAnswers(database),
        watch=watch,
        outward=outward_of(engine),
        privacy=privacy_of(engine),
    )


def stripe_news(engine: Engine, inbox: WebhookInbox | None = None) -> StripeNews:
    """Build what acts on Stripe's events."""
    database = engine.books.database
    return StripeNews(
        inbox=inbox or PostgresInbox(database),
        billing=engine.billing,
        books=engine.books,
        news=PostgresNews(database),
        settlements=settlements_of(engine),
        methods=StripePaymentMethods(engine.stripe, engine.gateway),
        livemode=engine.mode is Mode.LIVE,
    )


def _probes(engine: Engine) -> dict[str, Probe]:
    async def postgresql() -> None:
        async with engine.books.database.unit_of_work(org_id_of(engine.settings.org)):
            pass

    async def temporal() -> None:
        await engine.client.service_client.check_health(timeout=PROBE_PATIENCE)

    async def stripe() -> None:
        await engine.stripe.v1.customers.list_async({"limit": 1})

    return {"postgresql": postgresql, "temporal": temporal, "stripe": Remembered(stripe, STRIPE_REMEMBERED_FOR)}
