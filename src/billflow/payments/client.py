"""Stripe's own client, built so that nothing is retried behind Temporal's back and nothing leaves for elsewhere."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import stripe

from billflow.payments.mode import check_base

API_VERSION = "2026-10-28.endive"
TIMEOUTS = httpx.Timeout(30.0, connect=5.0)
"""Seconds; a payment can take long at the bank, so reading is given more than connecting."""


def open_stripe(
    api_key: str,
    api_base: str | None = None,
    *,
    timeouts: httpx.Timeout = TIMEOUTS,
    instrument: Callable[[httpx.AsyncClient], None] | None = None,
) -> tuple[stripe.StripeClient, Callable[[], Awaitable[None]]]:
    """Return a client for the running event loop, and what closes it; one client can't serve two loops.

    `api_base` sends everything to another server, such as the emulator; `instrument` is given the HTTP client. Raises
    `SettingsError` for an address that is none, and for a live key that would be sent to anyone but Stripe.
    """
    check_base(api_key, api_base)
    # Telemetry writes a file into the home directory and tells Stripe about this machine.
    stripe.enable_telemetry = False
    http_client = stripe.HTTPXClient(timeout=timeouts)
    if instrument:
        instrument(http_client._client_async)  # noqa: SLF001  (it has no other way to be given one)
    return _build(api_key, api_base, http_client), http_client.close_async


@asynccontextmanager
async def stripe_client(
    api_key: str, api_base: str | None = None, *, timeouts: httpx.Timeout = TIMEOUTS
) -> AsyncIterator[stripe.StripeClient]:
    """Yield a client, as `open_stripe` does, that is closed at the end."""
    client, close = open_stripe(api_key, api_base, timeouts=timeouts)
    try:
        yield client
    finally:
        await close()


def _build(api_key: str, api_base: str | None, http_client: stripe.HTTPXClient) -> stripe.StripeClient:
    if api_base is None:
        return stripe.StripeClient(api_key, stripe_version=API_VERSION, max_network_retries=0, http_client=http_client)
    base = api_base.rstrip("/")
    return stripe.StripeClient(
        api_key,
        stripe_version=API_VERSION,
        base_addresses={"api": base, "files": base, "connect": base, "meter_events": base},
        max_network_retries=0,
        http_client=http_client,
    )
