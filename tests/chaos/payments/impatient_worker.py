"""A worker that waits for Stripe one second instead of thirty, so that a test can let many requests time out."""

from functools import partial

import aiohttp

from billflow.cli.app import main
from billflow.payments import client

PATIENCE = aiohttp.ClientTimeout(1.0)

if __name__ == "__main__":
    client.open_stripe = partial(client.open_stripe, timeouts=PATIENCE)
    main(["worker"])
