"""What commands and routes ask for by name, each built from an engine."""

from billflow.delivery.addresses import AddressPolicy
from billflow.documents.invoices import InvoiceDocuments
from billflow.models.contracts.access import Mode
from billflow.payments.adjustments import StripeAdjustmentGateway
from billflow.payments.erasure import StripeErasure
from billflow.service.privacy import PrivacyService
from billflow.service.webhooks import WebhookService
from billflow.store.audit.key_rotation import KeyRotation
from billflow.store.invoices.seller import PostgresSellerQueries
from billflow.store.webhooks.endpoints import PostgresEndpointRepository
from billflow.wiring.engine import Engine


def adjustments_of(engine: Engine) -> StripeAdjustmentGateway:
    """Build what gives money back at Stripe."""
    return StripeAdjustmentGateway(engine.stripe, livemode=engine.mode is Mode.LIVE)


def documents_of(engine: Engine) -> InvoiceDocuments:
    """Return the invoices on paper."""
    return InvoiceDocuments(
        engine.queries.invoices.get, engine.queries.customers.get, PostgresSellerQueries(engine.database).seller
    )


def webhooks_of(engine: Engine) -> WebhookService:
    """Return what manages endpoints and sends events once more."""
    endpoints = PostgresEndpointRepository(engine.database, address_policy_of(engine).check_url)
    return WebhookService(engine.control, endpoints, engine.repositories.outbox, engine.repositories.deliveries)


def personal_data_of(engine: Engine) -> PrivacyService:
    """Return what exports and erases customers."""
    return PrivacyService(engine.repositories.personal_data, StripeErasure(engine.stripe))


async def rotate_encryption(engine: Engine) -> int:
    """Encrypt all rows by the current key, and return how many there were; raises `Refused` without a key."""
    return await KeyRotation(engine.database).run()


def address_policy_of(engine: Engine) -> AddressPolicy:
    """Return which addresses events may be sent to: in live mode none of our own network."""
    return AddressPolicy(test_mode=engine.mode is Mode.TEST)
