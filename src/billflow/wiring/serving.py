"""The API of one process, with what its routes ask."""

from datetime import timedelta

from fastapi import FastAPI

from billflow.api.app import create_app
from billflow.api.codec import PATH as CODEC_PATH
from billflow.api.codec import CodecDesk, codec_app
from billflow.api.doorkeeper import Doorkeeper
from billflow.api.routes.health import Remembered
from billflow.api.services import Probe, Services
from billflow.api.stripe_events import StripeEvents
from billflow.models.contracts.keys import Mode
from billflow.payments.methods import StripePaymentMethods
from billflow.payments.webhook import verified_event
from billflow.ports.billing import WebhookInbox
from billflow.service.hearing import StripeNews
from billflow.service.pricing import Pricing
from billflow.settings import Settings, payload_keyring
from billflow.store.answers import PostgresAnswers
from billflow.store.inbox import PostgresInbox
from billflow.store.registry import org_id_of
from billflow.store.stripe_news import PostgresNews
from billflow.store.watch import PostgresWatch
from billflow.temporal.codec import EncryptionCodec
from billflow.wiring.desks import outward_of, papers_of, privacy_of, settlements_of
from billflow.wiring.engine import Engine, required

PROBE_PATIENCE = timedelta(seconds=2)
"""How long Temporal has to say that it is well."""


STRIPE_REMEMBERED_FOR = 30.0
"""Seconds that Stripe is not asked again whether it is well: its rate is for invoices."""


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
    secret = required(engine.settings.stripe_webhook_secret, "STRIPE_WEBHOOK_SECRET")
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
        pricing=Pricing(engine.billing, engine.archive, engine.registry, engine.catalog),
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
        gateway=engine.gateway,
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
