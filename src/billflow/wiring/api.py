"""The API of one process, with what its routes ask."""

from fastapi import FastAPI

from billflow.api.app import create_app
from billflow.api.authentication import Authentication
from billflow.api.codec import PATH as CODEC_PATH
from billflow.api.codec import CodecService, codec_app
from billflow.api.services import Services
from billflow.models.contracts.access import Mode
from billflow.payments.webhooks import verified_event
from billflow.service.stripe_event_handlers import StripeEventHandlers
from billflow.service.stripe_events import StripeEventQueue
from billflow.settings import payload_keyring
from billflow.store.access.organizations import org_id_of
from billflow.temporal.codec import EncryptionCodec
from billflow.wiring.engine import Engine
from billflow.wiring.store import required


def build_api(engine: Engine) -> FastAPI:
    """Build the API for every organization with a key; raises `SettingsError` without a webhook secret."""
    services, settings = api_services(engine), engine.settings
    app = create_app(services)
    if engine.tracing:
        engine.tracing.trace_app(app)
    keyring = payload_keyring(settings)
    codec = EncryptionCodec(keyring) if keyring else None
    served = CodecService(codec, org_id_of(settings.org), settings.temporal_ui_origin)
    app.mount(CODEC_PATH, codec_app(services, served))
    return app


def api_services(engine: Engine) -> Services:
    """Return what the API works with; raises `SettingsError` without a webhook secret."""
    secret = required(engine.settings.stripe_webhook_secret, "STRIPE_WEBHOOK_SECRET")
    engine, background = engine.on(engine.pools.requests), engine.on(engine.pools.background)
    return Services(
        plans=engine.plans,
        repositories=engine.repositories,
        queries=engine.queries,
        customers=engine.customers,
        seats=engine.seats,
        seat_sources=engine.seat_sources,
        clocks=engine.clocks,
        offers=engine.offers,
        pricing=engine.pricing,
        catalog=engine.catalog,
        taxes=engine.taxes,
        invoices=engine.invoices,
        adjustments=engine.adjustments,
        stripe_events=StripeEventQueue(
            stripe_event_handlers(engine), stripe_event_handlers(background), background.queries.monitoring
        ),
        documents=engine.documents,
        verify_webhook=lambda body, signature: verified_event(body, signature, secret),
        authentication=Authentication(engine.repositories.api_keys, engine.mode),
        webhooks=engine.webhooks,
        privacy=engine.privacy,
    )


def stripe_event_handlers(engine: Engine) -> StripeEventHandlers:
    """Build what handles Stripe's events."""
    return StripeEventHandlers(
        inbox=engine.repositories.stripe_events,
        gateway=engine.gateway,
        collection=engine.collection,
        invoice_repository=engine.repositories.invoices,
        adjustment_repository=engine.repositories.adjustments,
        records=engine.repositories.stripe_event_effects,
        adjustments=engine.adjustment_gateway,
        methods=engine.payment_methods,
        livemode=engine.mode is Mode.LIVE,
    )
