"""The emulator as a part of something else: a test, or a development stack."""

import asyncio
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from stripe_emulator import event_loop
from stripe_emulator.engine.services import Settings
from stripe_emulator.runtime import HOST, Options, Runtime, listen

START_TIMEOUT = 120.0
POLL = 0.005


class StripeEmulator:
    """Serve on a loopback port, in a thread with an event loop of its own, so that no caller's loop can stall it.

    Usable as `async with` and as `with`. `db` None keeps everything in memory, a path keeps it between runs.
    `webhook` is the address and secret of an endpoint that hears of every account's events. `control` opens
    the routes below `/_sim`. `rate_limit` is `live`, `sandbox` or None.
    """

    def __init__(  # noqa: PLR0913 - the knobs of a server, most of them by name
        self,
        db: Path | None = None,
        port: int = 0,
        seed: int = 1,
        *,
        control: bool = False,
        webhook: tuple[str, str] | None = None,
        rate_limit: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._port = port
        self._options = Options(db, seed, control, webhook, rate_limit=rate_limit, settings=settings or Settings())
        self._runtime: Runtime | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Return the address of the running server, without a slash at the end."""
        if self._runtime is None:
            raise RuntimeError("the emulator has not been started")
        return self._runtime.services.base_url

    def start(self) -> None:
        """Start serving and return once requests are taken; raises OSError when the port is in use."""
        runtime = Runtime(listen(HOST, self._port), self._options)
        self._runtime = runtime
        self._thread = threading.Thread(target=_serve, args=(runtime,), name="stripe-emulator", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT
        while not runtime.server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the emulator did not start")
            time.sleep(POLL)

    def stop(self) -> None:
        """Stop serving; returns when the port is free and the database closed."""
        if self._runtime is not None and self._thread is not None:
            self._runtime.stop()
            self._thread.join(START_TIMEOUT)
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


def _serve(runtime: Runtime) -> None:
    event_loop.run(runtime.run())
