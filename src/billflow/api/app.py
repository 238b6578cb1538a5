"""The HTTP API, as a layer on the service; `/docs` describes it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from billflow.api import docs_page, openapi, problems
from billflow.api.metrics import Measured, Metrics
from billflow.api.middleware import BodyLimit, Heads, RequestIds, SafeHeaders
from billflow.api.routes import (
    adjustments,
    audit,
    billing_accounts,
    business,
    catalog,
    channels,
    contacts,
    coupons,
    customer_finances,
    customer_settings,
    customer_status,
    customers,
    dry_runs,
    dunning_policy,
    events,
    health,
    ids,
    imports,
    invoices,
    journal,
    mails,
    notices,
    offers,
    onboarding,
    parallel_runs,
    payment_links,
    plan_batches,
    plans,
    portal,
    portal_links,
    previews,
    privacy,
    projects,
    reconciliation,
    refunds,
    seat_sources,
    seats,
    seller,
    sponsorships,
    tax,
    test_clocks,
    webhook_endpoints,
    webhooks,
)
from billflow.api.services import Services

_DESCRIPTION = """Seat-based billing: every plan one durable workflow, every cent explained.

Amounts are integers in minor units, with a currency beside them. Times are ISO 8601 in UTC. Errors are
`application/problem+json` with a stable `code`; `docs/errors.md` lists them all.

Clients hold an API key of one organization and one mode (`billflow keys create`). Reads carry an `ETag`; writes take an
`Idempotency-Key`, updates an `If-Match`. Lists take `limit`, `offset` and, for deep pages, `after`."""

_NOUNS = (
    # A request is held against the routes of one after the other: Stripe asks most and products report seats, then come
    # three that people ask.
    webhooks,
    seats,
    customers,
    plans,
    imports,
    invoices,
    seller,
    catalog,
    customer_status,
    customer_settings,
    customer_finances,
    contacts,
    coupons,
    billing_accounts,
    projects,
    channels,
    sponsorships,
    onboarding,
    parallel_runs,
    previews,
    seat_sources,
    dry_runs,
    plan_batches,
    offers,
    adjustments,
    refunds,
    payment_links,
    portal,
    portal_links,
    test_clocks,
    events,
    webhook_endpoints,
    audit,
    business,
    reconciliation,
    privacy,
    notices,
    dunning_policy,
    mails,
    ids,
    tax,
    journal,
)


def create_app(services: Services) -> FastAPI:
    """Build the API on *services*; while it is served, it also acts on Stripe's events."""
    app = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        title="billflow",
        version=version("billflow"),
        description=_DESCRIPTION,
        lifespan=_lifespan,
        routes=[*health.router.routes, *(route for noun in _NOUNS for route in noun.router.routes)],
    )
    app.state.services = services
    app.state.metrics = Metrics()
    app.add_middleware(BodyLimit)
    app.add_middleware(RequestIds)
    app.add_middleware(Measured, metrics=app.state.metrics)
    app.add_middleware(SafeHeaders)
    app.add_middleware(Heads)
    problems.install(app)
    openapi.install(app)
    docs_page.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    acting = asyncio.create_task(services.stripe_events.run())
    try:
        yield
    finally:
        acting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await acting
