"""The API of one process, with what its routes ask."""

from typing import TYPE_CHECKING

from fastapi import FastAPI

from billflow.api.app import create_app
from billflow.api.authentication import Authentication
from billflow.api.codec import PATH as CODEC_PATH
from billflow.api.codec import CodecService, codec_app
from billflow.api.services import Services
from billflow.console.app import console_app
from billflow.console.pages import BASE as CONSOLE_PATH
from billflow.console.services import ConsoleService
from billflow.models.contracts.access import Mode
from billflow.payments.webhooks import verified_event
from billflow.portal.app import portal_app
from billflow.service.stripe_event_handlers import StripeEventHandlers
from billflow.service.stripe_events import StripeEventQueue
from billflow.settings import Settings, SettingsError, payload_keyring
from billflow.store.access.organizations import org_id_of
from billflow.temporal.codec import EncryptionCodec
from billflow.wiring.engine import Engine
from billflow.wiring.mail import PORTAL_PATH, mailer, portal_url
from billflow.wiring.store import required

if TYPE_CHECKING:
    from billflow.console.identity_provider import IdentityProvider


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
    app.mount(CONSOLE_PATH, console_app(services, _console(engine)))
    app.mount(PORTAL_PATH, portal_app(services, engine.mode))
    return app


def _console(engine: Engine) -> ConsoleService:
    settings, mode = engine.settings, engine.mode
    stripe = "https://dashboard.stripe.com" if mode is Mode.LIVE else "https://dashboard.stripe.com/test"
    ui = f"{settings.temporal_ui_origin}/namespaces/{engine.client.namespace}" if settings.temporal_ui_origin else None
    return ConsoleService(
        sessions=engine.repositories.console_sessions,
        mode=mode,
        temporal_ui=ui,
        stripe_dashboard=None if settings.stripe_api_base else stripe,
        url=settings.console_url,
        return_url=settings.return_url,
        mailer=mailer(engine),
        refund_limits=settings.console_refund_limits or {},
        identity_provider=_identity_provider(settings),
    )


def _identity_provider(settings: Settings) -> "IdentityProvider | None":
    """Return who signs people in to the console; raises `SettingsError` where not all of it is set."""
    issuer, client_id, roles = (
        settings.console_oidc_issuer,
        settings.console_oidc_client_id,
        settings.console_oidc_roles,
    )
    if issuer is None:
        return None
    from billflow.console.identity_provider import IdentityProvider, IdentityTerms, is_trustworthy

    if not is_trustworthy(issuer):
        raise SettingsError("BILLFLOW_CONSOLE_OIDC_ISSUER must be an address that begins with https://.")
    if not client_id or not roles:
        message = "BILLFLOW_CONSOLE_OIDC_CLIENT_ID and BILLFLOW_CONSOLE_OIDC_ROLES belong to the issuer; set both."
        raise SettingsError(message)
    secret = settings.console_oidc_client_secret
    terms = IdentityTerms(
        issuer=issuer,
        client_id=client_id,
        client_secret=secret.get_secret_value() if secret else None,
        scopes=settings.console_oidc_scopes,
        groups_claim=settings.console_oidc_groups_claim,
        roles=roles,
    )
    return IdentityProvider(org_id_of(settings.org), terms)


def api_services(engine: Engine) -> Services:
    """Return what the API works with; raises `SettingsError` without a webhook secret."""
    secret = required(engine.settings.stripe_webhook_secret, "STRIPE_WEBHOOK_SECRET")
    engine, background = engine.on(engine.pools.requests), engine.on(engine.pools.background)
    return Services(
        plans=engine.plans,
        plan_batches=engine.plan_batches,
        business=engine.business,
        reconciliation=engine.reconciliation,
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
        imports=engine.imports,
        parallel_runs=engine.parallel_runs,
        invoices=engine.invoices,
        adjustments=engine.adjustments,
        stripe_events=StripeEventQueue(
            stripe_event_handlers(engine), stripe_event_handlers(background), background.queries.monitoring
        ),
        documents=engine.documents,
        proofs=engine.proofs,
        verify_webhook=lambda body, signature: verified_event(body, signature, secret),
        authentication=Authentication(engine.repositories.api_keys, engine.mode),
        webhooks=engine.webhooks,
        privacy=engine.privacy,
        portal=engine.portal,
        portal_url=portal_url(engine.settings),
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
        parallel_runs=engine.parallel_runs,
        invoices_of_others=engine.invoice_reader,
        livemode=engine.mode is Mode.LIVE,
    )
