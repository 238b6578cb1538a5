"""Stripe's own client, built so that nothing is retried behind Temporal's back and nothing leaves for elsewhere."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import stripe

from billflow.settings import SettingsError

API_VERSION = "2026-10-28.endive"
TIMEOUTS = httpx.Timeout(30.0, connect=5.0)
"""Seconds; a payment can take long at the bank, so reading is given more than connecting."""

_LIVE = re.compile(r"(sk|rk)(_org)?_live_")
_OF_STRIPE = re.compile(r"(.+\.)?stripe\.com")


def is_live(api_key: str) -> bool:
    """Tell whether the key moves real money."""
    return _LIVE.match(api_key) is not None


@asynccontextmanager
async def stripe_client(
    api_key: str, api_base: str | None = None, *, timeouts: httpx.Timeout = TIMEOUTS
) -> AsyncIterator[stripe.StripeClient]:
    """Yield a client for the running event loop, closed at the end; one client can't serve two loops.

    `api_base` sends everything to another server, such as the emulator. Raises `SettingsError` for an address that
    is none, and for a live key that would be sent to anyone but Stripe.
    """
    if api_base is not None:
        check_base(api_key, api_base)
    # Telemetry writes a file into the home directory and tells Stripe about this machine.
    stripe.enable_telemetry = False
    http_client = stripe.HTTPXClient(timeout=timeouts)
    try:
        yield _build(api_key, api_base, http_client)
    finally:
        await http_client.close_async()  # type: ignore[no-untyped-call]


def check_base(api_key: str, api_base: str) -> None:
    """Raise `SettingsError` unless this key may be sent to this address (live mode guard)."""
    address = urlsplit(api_base)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise SettingsError(f"STRIPE_API_BASE is {api_base!r}; give an address such as http://127.0.0.1:12111.")
    of_stripe = address.scheme == "https" and _OF_STRIPE.fullmatch(address.hostname) is not None
    if is_live(api_key) and not of_stripe:
        raise SettingsError(
            f"STRIPE_API_KEY is a live key, but STRIPE_API_BASE sends it to {address.hostname}; "
            "use a test key there, or unset STRIPE_API_BASE."
        )


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
