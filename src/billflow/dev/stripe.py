"""An embedded Stripe emulator, as a process of its own, reached over HTTP like the real one."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from billflow.dev.child import Child, start_child
from billflow.dev.ports import LOOPBACK, named_or_free

NAME = "The Stripe emulator"

# Any test key is an account of its own there; a kept folder finds its account again by this one.
_KEY = "sk_test_billflow"
_SECRET = "STRIPE_WEBHOOK_SECRET"  # noqa: S105  (the variable's name)


@dataclass(frozen=True)
class EmulatorOptions:
    """How to run an emulator: its `port` (0 is a free one), the seed of its ids and faults, and whom it tells what.

    With `keep` its state stays in the data folder, otherwise it is in memory. It sends events of `types` to
    `webhook_url`; `*` is all.
    """

    keep: bool = True
    port: int = 0
    webhook_url: str | None = None
    types: Sequence[str] = ("*",)
    seed: int = 1


@dataclass(frozen=True)
class RunningEmulator:
    """A running emulator: where it answers, the key of our account, and the secret of its webhooks."""

    api_base: str
    api_key: str
    webhook_secret: str
    process: Child


@asynccontextmanager
async def embedded_stripe(folder: Path, lock: int, terms: EmulatorOptions) -> AsyncIterator[RunningEmulator]:
    """Run an emulator, and yield how to reach it; what is kept is in `folder/stripe.db`.

    `lock` is the descriptor of the folder's lock. Its `/_sim` routes (clock, faults, state) are open.
    """
    port = named_or_free(terms.port, "the Stripe emulator")
    secret = f"whsec_{secrets.token_urlsafe(24)}"
    command = [sys.executable, "-m", "stripe_emulator", "--port", str(port), "--seed", str(terms.seed), "--control"]
    command += ["--db", str(folder / "stripe.db")] if terms.keep else []
    if terms.webhook_url:
        command += ["--webhook", terms.webhook_url]
        command += [word for kind in terms.types for word in ("--event", kind)]
    process = start_child(NAME, command, log=folder / "stripe.log", lock=lock, secrets={_SECRET: secret})
    emulator = RunningEmulator(f"http://{LOOPBACK}:{port}", _KEY, secret, process)
    try:
        await process.ready(lambda: _responds(port))
        yield emulator
    finally:
        await process.stop()


async def _responds(port: int) -> bool:
    """Tell whether the emulator answers, by a request that needs no client of HTTP."""
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answer = await reader.read(1)
        writer.close()
    except OSError:
        return False
    return bool(answer)
