"""An embedded stand-in for Stripe, as a process of its own, reached over HTTP like the real one."""

import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from billflow.dev.child import Child, start_child
from billflow.dev.ports import LOOPBACK, named_or_free

NAME = "The Stripe stand-in"

# Any test key is an account of its own there; a kept folder finds its account again by this one.
_KEY = "sk_test_billflow"


@dataclass(frozen=True)
class StripeStandIn:
    """A running stand-in: where it answers, the key of our account, and the secret of its webhooks."""

    api_base: str
    api_key: str
    webhook_secret: str
    process: Child


@asynccontextmanager
async def embedded_stripe(
    folder: Path, lock: int, *, keep: bool = True, port: int = 0, webhook_url: str | None = None
) -> AsyncIterator[StripeStandIn]:
    """Run a stand-in that sends its events to `webhook_url`, and yield how to reach it.

    With `keep` its state is `folder/stripe.db`, otherwise it is in memory. `lock` is the descriptor of the folder's
    lock. Its `/_sim` routes (clock, faults, state) are open.
    """
    port = named_or_free(port, "the Stripe stand-in")
    secret = f"whsec_{secrets.token_urlsafe(24)}"
    command = [sys.executable, "-m", "stripe_stand_in", "--port", str(port), "--control"]
    command += ["--db", str(folder / "stripe.db")] if keep else []
    command += ["--webhook", webhook_url, secret] if webhook_url else []
    process = start_child(NAME, command, log=folder / "stripe.log", lock=lock)
    stand_in = StripeStandIn(f"http://{LOOPBACK}:{port}", _KEY, secret, process)
    try:
        await process.ready(lambda: _answers(stand_in.api_base))
        yield stand_in
    finally:
        await process.stop()


async def _answers(api_base: str) -> bool:
    try:
        async with httpx.AsyncClient(base_url=api_base, trust_env=False) as client:
            await client.get("/")
    except httpx.TransportError:
        return False
    return True
