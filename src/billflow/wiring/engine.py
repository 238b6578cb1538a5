"""What one process needs, connected: PostgreSQL, Temporal and Stripe."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, ClassVar

from temporalio.client import Client
from temporalio.runtime import Runtime

from billflow.models.contracts.access import Mode
from billflow.payments.mode import check_base
from billflow.settings import Settings, payload_keyring
from billflow.store.session.repositories import Part
from billflow.temporal import search_attributes
from billflow.temporal.client import connect
from billflow.wiring.store import Store, open_store, required

if TYPE_CHECKING:
    from stripe import StripeClient
    from temporalio.worker import Interceptor

    from billflow.payments.adjustments import StripeAdjustmentGateway
    from billflow.payments.gateway import StripeGateway
    from billflow.payments.imports import IssuedInvoiceReader
    from billflow.payments.payment_methods import StripePaymentMethods
    from billflow.payments.sandbox import Sandbox
    from billflow.payments.subscriptions import StripeSubscriptions
    from billflow.service.adjustments import AdjustmentService
    from billflow.service.business import BusinessService
    from billflow.service.clocks import ClockService
    from billflow.service.collection import CollectionService
    from billflow.service.customers import CustomerService
    from billflow.service.dry_run_requests import AskedDryRuns
    from billflow.service.imports import ImportService
    from billflow.service.invoices import InvoiceService
    from billflow.service.offers import OfferService
    from billflow.service.parallel_runs import ParallelRunService
    from billflow.service.plan_batches import PlanBatchService
    from billflow.service.plans import PlanService
    from billflow.service.portal import PortalService
    from billflow.service.pricing import PricingService
    from billflow.service.privacy import PrivacyService
    from billflow.service.reconciliation import ReconciliationService
    from billflow.service.recovery import RecoveryService
    from billflow.service.seats import SeatService
    from billflow.service.versions import VersionService
    from billflow.service.webhooks import WebhookService
    from billflow.telemetry.traces import Tracing
    from billflow.temporal.workflow_control import WorkflowControl


@dataclass(frozen=True)
class Engine(Store):
    """The store with Temporal and Stripe, and the services on top of all three."""

    client: Client
    stripe_client: "Callable[[], StripeClient]"
    tracing: "Tracing | None" = None

    control: ClassVar["Part[WorkflowControl]"] = Part("temporal.workflow_control")
    plans: ClassVar["Part[PlanService]"] = Part("service.plans")
    collection: ClassVar["Part[CollectionService]"] = Part("service.collection")
    customers: ClassVar["Part[CustomerService]"] = Part("service.customers")
    imports: ClassVar["Part[ImportService]"] = Part("service.imports")
    parallel_runs: ClassVar["Part[ParallelRunService]"] = Part("service.parallel_runs")
    seats: ClassVar["Part[SeatService]"] = Part("service.seats")
    clocks: ClassVar["Part[ClockService]"] = Part("service.clocks")
    plan_batches: ClassVar["Part[PlanBatchService]"] = Part("service.plan_batches")
    asked_dry_runs: ClassVar["Part[AskedDryRuns]"] = Part("service.dry_run_requests")
    reconciliation: ClassVar["Part[ReconciliationService]"] = Part("service.reconciliation")
    business: ClassVar["Part[BusinessService]"] = Part("service.business")
    offers: ClassVar["Part[OfferService]"] = Part("service.offers")
    pricing: ClassVar["Part[PricingService]"] = Part("service.pricing")
    invoices: ClassVar["Part[InvoiceService]"] = Part("service.invoices")
    adjustments: ClassVar["Part[AdjustmentService]"] = Part("service.adjustments")
    webhooks: ClassVar["Part[WebhookService]"] = Part("service.webhooks")
    privacy: ClassVar["Part[PrivacyService]"] = Part("service.privacy")
    portal: ClassVar["Part[PortalService]"] = Part("service.portal")
    recovery: ClassVar["Part[RecoveryService]"] = Part("service.recovery")
    versions: ClassVar["Part[VersionService]"] = Part("service.versions")

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
    def old_subscriptions(self) -> "StripeSubscriptions":
        """Return what ends the subscriptions that billed before."""
        from billflow.payments.subscriptions import StripeSubscriptions

        return StripeSubscriptions(self.stripe, livemode=self.mode is Mode.LIVE)

    @cached_property
    def payment_methods(self) -> "StripePaymentMethods":
        """Return how customers pay."""
        from billflow.payments.payment_methods import StripePaymentMethods

        return StripePaymentMethods(self.stripe, self.gateway)

    @cached_property
    def invoice_reader(self) -> "IssuedInvoiceReader":
        """Return what reads invoices at Stripe that another system issued."""
        from billflow.payments.imports import IssuedInvoiceReader

        return IssuedInvoiceReader(self.stripe)

    @cached_property
    def sandbox(self) -> "Sandbox":
        """Return what stands in for customers with a test card, never with a live key."""
        from billflow.payments.sandbox import Sandbox

        return Sandbox(self.stripe, required(self.settings.stripe_api_key, "STRIPE_API_KEY"))


@asynccontextmanager
async def open_engine(
    settings: Settings,
    temporal: str | Client | None = None,
    *,
    runtime: Runtime | None = None,
    tracing: "Tracing | None" = None,
) -> AsyncIterator[Engine]:
    """Connect to PostgreSQL, Temporal and Stripe as *settings* say, and close it all at the end.

    *temporal* is the address of a server, a client that is connected, or None for what the `TEMPORAL_*` variables name;
    *runtime* is that of its SDK where it is not the one that all clients share. With *tracing* SQL, calls to Stripe and
    what passes through Temporal are traced.
    Raises `SettingsError` where a variable is missing, `NoTemporalServer` or `NoDatabase` where nobody answers.
    """
    async with open_store(settings) as store, AsyncExitStack() as exit_stack:
        if tracing:
            exit_stack.push_async_callback(asyncio.to_thread, tracing.close)
            _trace_databases(store, tracing)
        stripe_client = _stripe_client(settings, exit_stack, tracing)
        if not isinstance(temporal, Client):
            carrier = _carrier(tracing) if tracing else None
            temporal = await connect(temporal, keyring=payload_keyring(settings), runtime=runtime, tracing=carrier)
        await search_attributes.ensure(temporal)
        yield Engine(settings, store.pools, store.database, temporal, stripe_client, tracing)


def _trace_databases(store: Store, tracing: "Tracing") -> None:
    for pool in (store.pools.requests, store.pools.work, store.pools.background):
        tracing.trace_database(pool.engine.sync_engine)


def _carrier(tracing: "Tracing") -> "Interceptor":
    from billflow.temporal.traces import RunTracing

    return RunTracing(tracing.tracer)


def _stripe_client(
    settings: Settings, exit_stack: AsyncExitStack, tracing: "Tracing | None"
) -> "Callable[[], StripeClient]":
    """Return what makes one client of Stripe when it is first asked for, to be closed with *exit_stack*."""
    api_key, api_base = required(settings.stripe_api_key, "STRIPE_API_KEY"), settings.stripe_api_base
    check_base(api_key, api_base)

    @cache
    def opened() -> "StripeClient":
        from billflow.payments.client import open_stripe

        client, close = open_stripe(api_key, api_base, traced=tracing.of_http() if tracing else None)
        exit_stack.push_async_callback(close)
        return client

    return opened
