"""A worker that waits for Stripe one second instead of thirty, so that a test can let many requests time out."""

from functools import partial

import httpx

from billflow.cli.app import main
from billflow.payments.client import stripe_client
from billflow.wiring import engine

PATIENCE = httpx.Timeout(1.0)

if __name__ == "__main__":
    engine.stripe_client = partial(stripe_client, timeouts=PATIENCE)  # type: ignore[attr-defined]
    main(["worker"])
