"""What one process needs, connected: PostgreSQL, Temporal and Stripe."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from temporalio.client import Client

from billflow.models.contracts.access import Mode
from billflow.payments.mode import check_base
from billflow.settings import Settings, payload_keyring
from billflow.temporal import search_attributes
from billflow.temporal.client import connect
from billflow.wiring.store import Store, open_store, required

if TYPE_CHECKING:
    from stripe import StripeClient

    from billflow.payments.adjustments import StripeAdjustmentGateway
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
    from billflow.service.privacy import PrivacyService
    from billflow.service.reconciliation import ReconciliationService
    from billflow.service.seats import SeatService
    from billflow.service.webhooks import WebhookService
    from billflow.service.workflow_control import WorkflowControl


@dataclass(frozen=True)
class Engine(Store):
    """The store with Temporal and Stripe, and the services on top of all three."""

    client: Client
    stripe_client: "Callable[[], StripeClient]"

    @property
    def stripe(self) -> "StripeClient":
        """Return Stripe's client for the running event loop."""
        return self.stripe_client()

    @cached_property
    def gateway(self) -> "StripeGateway":
        """Return what collects money."""
        from billflow.payments.gateway import StripeGateway

        return StripeGateway(self.stripe, livemode=self.mode is Mode.LIVE)

    @cached_property
    def adjustment_gateway(self) -> "StripeAdjustmentGateway":
        """Return what gives money back at Stripe."""
        from billflow.payments.adjustments import StripeAdjustmentGateway

        return StripeAdjustmentGateway(self.stripe, livemode=self.mode is Mode.LIVE)

    @cached_property
    def payment_methods(self) -> "StripePaymentMethods":
        """Return how customers pay."""
        from billflow.payments.payment_methods import StripePaymentMethods

        return StripePaymentMethods(self.stripe, self.gateway)

    @cached_property
    def sandbox(self) -> "Sandbox":
        """Return what stands in for customers with a test card; raises `SettingsError` for a live key."""
        from billflow.payments.sandbox import Sandbox

        return Sandbox(self.stripe, required(self.settings.stripe_api_key, "STRIPE_API_KEY"))

    @cached_property
    def control(self) -> "WorkflowControl":
        """Return what starts, signals and finds workflows."""
        from billflow.service.workflow_control import WorkflowControl

        return WorkflowControl(self.client)

    @cached_property
    def plans(self) -> "PlanService":
        """Return what one can ask of plans."""
        from billflow.service.plans import PlanService

        return PlanService(self.control, self.repositories.plans, self.queries.plans)

    @cached_property
    def collection(self) -> "CollectionService":
        """Return what is told to the collection of invoices."""
        from billflow.service.collection import CollectionService

        rows = self.repositories
        return CollectionService(self.control, self.plans, rows.plans, rows.dunning, self.queries.invoices)

    @cached_property
    def customers(self) -> "CustomerService":
        """Return what one can ask of customers."""
        from billflow.service.customers import CustomerService

        return CustomerService(
            plans=self.plans,
            customers=self.repositories.customers,
            onboardings=self.repositories.onboardings,
            sponsorships=self.repositories.sponsorships,
            customer_queries=self.queries.customers,
            plan_queries=self.queries.plans,
            catalog=self.catalog,
        )

    @cached_property
    def seats(self) -> "SeatService":
        """Return what takes in reports of seats."""
        from billflow.service.seats import SeatService

        return SeatService(self.plans, self.queries.plans, self.repositories.seats)

    @cached_property
    def clocks(self) -> "ClockService":
        """Return what moves test clocks."""
        from billflow.service.clocks import ClockService

        return ClockService(self.plans, self.queries.plans, self.queries.invoices, self.repositories.test_clocks)

    @cached_property
    def invoices(self) -> "InvoiceService":
        """Return what one can ask of single invoices and ways to pay."""
        from billflow.service.invoices import InvoiceService

        return InvoiceService(
            control=self.control,
            collection=self.collection,
            invoice_repository=self.repositories.invoices,
            invoice_queries=self.queries.invoices,
            customer_queries=self.queries.customers,
            methods=self.payment_methods,
        )

    @cached_property
    def adjustments(self) -> "AdjustmentService":
        """Return what refunds, credits, voids and writes off."""
        from billflow.service.adjustments import AdjustmentService

        rows = self.repositories
        return AdjustmentService(self.control, self.collection, rows.adjustments, rows.plans, self.queries.invoices)

    @cached_property
    def reconciliation(self) -> "ReconciliationService":
        """Return what compares database, Stripe and workflows on request."""
        from billflow.service.reconciliation import ReconciliationService

        return ReconciliationService(self.control, self.collection)

    @cached_property
    def offers(self) -> "OfferService":
        """Return what one can ask of offers."""
        from billflow.service.offers import OfferService

        return OfferService(self.plans, self.repositories.offers, self.gateway)

    @cached_property
    def webhooks(self) -> "WebhookService":
        """Return what manages endpoints and sends events once more."""
        from billflow.service.webhooks import WebhookService

        return WebhookService(self.control, self.endpoints, self.repositories.outbox, self.repositories.deliveries)

    @cached_property
    def privacy(self) -> "PrivacyService":
        """Return what exports and erases customers."""
        from billflow.payments.customers import StripeErasure
        from billflow.service.privacy import PrivacyService

        return PrivacyService(self.repositories.personal_data, StripeErasure(self.stripe))


@asynccontextmanager
async def open_engine(settings: Settings, temporal: str | Client | None = None) -> AsyncIterator[Engine]:
    """Connect to PostgreSQL, Temporal and Stripe as *settings* say, and close it all at the end.

    *temporal* is the address of a server, a client that is connected, or None for what the `TEMPORAL_*` variables name.
    Raises `SettingsError` where a variable is missing, `NoTemporalServer` or `NoDatabase` where nobody answers.
    """
    async with open_store(settings) as store, AsyncExitStack() as exit_stack:
        stripe_client = _stripe_client(settings, exit_stack)
        client = await _connected(settings, temporal)
        await search_attributes.ensure(client)
        yield Engine(settings, store.pools, store.database, client, stripe_client)


async def _connected(settings: Settings, temporal: str | Client | None) -> Client:
    if isinstance(temporal, Client):
        return temporal
    return await connect(temporal, keyring=payload_keyring(settings))


def _stripe_client(settings: Settings, exit_stack: AsyncExitStack) -> "Callable[[], StripeClient]":
    """Return what makes one client of Stripe when it is first asked for, to be closed with *exit_stack*."""
    api_key, api_base = required(settings.stripe_api_key, "STRIPE_API_KEY"), settings.stripe_api_base
    check_base(api_key, api_base)

    @cache
    def opened() -> "StripeClient":
        from billflow.payments.client import open_stripe

        client, close = open_stripe(api_key, api_base)
        exit_stack.push_async_callback(close)
        return client

    return opened
