"""What the API is given: the engine's parts that its routes call, and nothing that they do not."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from billflow.api.authentication import Authentication
from billflow.api.stripe_events import StripeEvents
from billflow.documents.invoices import InvoiceDocuments
from billflow.domain.catalog import Catalog
from billflow.models.contracts.webhooks import StripeEvent
from billflow.ports.access import Idempotency, Monitoring
from billflow.ports.billing import Registry
from billflow.ports.customers import CustomerBooks
from billflow.service.billing import Billing
from billflow.service.customers import Customers
from billflow.service.invoices import Invoices
from billflow.service.offering import Offering
from billflow.service.outward import Outward
from billflow.service.pricing import Pricing
from billflow.service.privacy import Privacy
from billflow.store.customers.queries import PostgresCustomerQueries
from billflow.store.invoices.queries import PostgresInvoiceQueries
from billflow.store.plans.queries import PostgresPlanQueries
from billflow.store.plans.repository import PostgresPlanRepository

VerifyWebhook = Callable[[bytes, str | None], StripeEvent]
"""Turns a raw body and its signature into an event; raises `InvalidInput` for a forged one."""

GUARDED_AT_ONCE = 4

Probe = Callable[[], Awaitable[object]]
"""Reaches for a server we depend on; any exception means that it can't be reached."""


@dataclass(frozen=True)
class Services:
    """The parts of one running API; `guarding` limits how many updates hold a connection of their own."""

    billing: Billing
    plans: PostgresPlanRepository
    plan_queries: PostgresPlanQueries
    invoice_queries: PostgresInvoiceQueries
    customer_queries: PostgresCustomerQueries
    registry: Registry
    customers: Customers
    customer_records_store: CustomerBooks
    offering: Offering
    pricing: Pricing
    catalog: Catalog
    stripe_events: StripeEvents
    invoices: Invoices
    documents: InvoiceDocuments
    verify_webhook: VerifyWebhook
    probes: Mapping[str, Probe]
    authentication: Authentication
    answers: Idempotency
    watch: Monitoring
    webhooks: Outward
    privacy: Privacy
    guarding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(GUARDED_AT_ONCE))


def services_of(request: Request) -> Services:
    """Return what the running API was given."""
    return cast("Services", request.app.state.services)


async def _services(request: Request) -> Services:
    """Return the same without the thread that FastAPI runs other functions in."""
    return services_of(request)


ServicesHere = Annotated[Services, Depends(_services)]
