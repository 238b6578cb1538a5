"""Stripe's own client, built so that nothing is retried behind Temporal's back and nothing leaves for elsewhere."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import stripe

from billflow.payments.client_session import AiohttpTransport, session_to
from billflow.payments.mode import check_base

API_VERSION = "2026-10-28.endive"
TIMEOUTS = aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=30.0)
"""Seconds; a payment can take long at the bank, so reading is given more than connecting."""

STRIPES_OWN = "https://api.stripe.com"


def open_stripe(
    api_key: str,
    api_base: str | None = None,
    *,
    timeouts: aiohttp.ClientTimeout = TIMEOUTS,
    traced: aiohttp.TraceConfig | None = None,
) -> tuple[stripe.StripeClient, Callable[[], Awaitable[None]]]:
    """Return a client for the running event loop, and what closes it; one client can't serve two loops.

    `api_base` sends everything to another server, such as the emulator; `traced` hears of each request. Raises
    `SettingsError` for an address that is none, and for a live key that would be sent to anyone but Stripe.
    """
    check_base(api_key, api_base)
    # Telemetry writes a file into the home directory and tells Stripe about this machine.
    stripe.enable_telemetry = False
    session = session_to(api_base or STRIPES_OWN, timeouts, traced)
    return _build(api_key, api_base, AiohttpTransport(session)), session.close


@asynccontextmanager
async def stripe_client(
    api_key: str, api_base: str | None = None, *, timeouts: aiohttp.ClientTimeout = TIMEOUTS
) -> AsyncIterator[stripe.StripeClient]:
    """Yield a client, as `open_stripe` does, that is closed at the end."""
    client, close = open_stripe(api_key, api_base, timeouts=timeouts)
    try:
        yield client
    finally:
        await close()


def _build(api_key: str, api_base: str | None, transport: stripe.HTTPClient) -> stripe.StripeClient:
    if api_base is None:
        return stripe.StripeClient(api_key, stripe_version=API_VERSION, max_network_retries=0, http_client=transport)
    base = api_base.rstrip("/")
    return stripe.StripeClient(
        api_key,
        stripe_version=API_VERSION,
        base_addresses={"api": base, "files": base, "connect": base, "meter_events": base},
        max_network_retries=0,
        http_client=transport,
    )
