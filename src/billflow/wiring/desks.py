"""What commands and routes ask for by name, each built from an engine."""

from billflow.documents.papers import InvoicePapers
from billflow.hooks.addresses import Reach
from billflow.models.contracts.keys import Mode
from billflow.payments.forgetting import StripePrivacy
from billflow.payments.settling import StripeSettlements
from billflow.service.dispatching import Lanes
from billflow.service.fleet import Fleet
from billflow.service.outward import Outward
from billflow.service.privacy import Privacy
from billflow.store.auditing import PostgresAudit
from billflow.store.endpoints import PostgresEndpoints
from billflow.store.outbox import PostgresOutbox
from billflow.store.privacy import PostgresPrivacy
from billflow.store.reconciling import PostgresReconciliation
from billflow.store.rotation import Rotation
from billflow.store.sellers import PostgresSellers
from billflow.wiring.engine import Engine


def settlements_of(engine: Engine) -> StripeSettlements:
    """Build what gives money back at Stripe."""
    return StripeSettlements(engine.stripe, livemode=engine.mode is Mode.LIVE)


def fleet_of(engine: Engine) -> Fleet:
    """Return the workflows as a whole."""
    return Fleet(engine.client, engine.billing)


def papers_of(engine: Engine) -> InvoicePapers:
    """Return the invoices on paper."""
    return InvoicePapers(engine.archive, PostgresSellers(engine.books.database).seller)


def reconciliation_reports(engine: Engine) -> PostgresReconciliation:
    """Return the record of what reconciliations found."""
    return PostgresReconciliation(engine.books.database, engine.catalog)


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
