"""Put the parts of one server together and run them in one event loop."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from stripe_emulator.app import build_app
from stripe_emulator.control.faults import FaultRules
from stripe_emulator.control.limits import PROFILES, Limiter
from stripe_emulator.control.operations import ControlOperations
from stripe_emulator.control.routes import Routes
from stripe_emulator.control.webhook_faults import WebhookFaults
from stripe_emulator.engine.clock_advance import run_advancing
from stripe_emulator.engine.due import run_due
from stripe_emulator.engine.handler import RequestHandler
from stripe_emulator.engine.services import Settings, open_services
from stripe_emulator.invoicing import tasks  # noqa: F401 - registers the due tasks
from stripe_emulator.pages.routes import routes as page_routes
from stripe_emulator.resources.webhook_endpoints import EVERY_TYPE
from stripe_emulator.webhooks.worker import DeliveryWorker
from stripe_emulator.wire.responses import ResponseWriter

log = logging.getLogger(__name__)
HOST = "127.0.0.1"
TICK = 0.05
# Long, so that clients with a pool of connections rarely write into one that is being closed.
KEEP_ALIVE = 75
BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Options:
    """How to run a server.

    `db` None keeps everything in memory. `webhook` is the address and secret of an endpoint for every account, which
    hears of `events`.
    `rate_limit` is `live`, `sandbox` or None. `control` opens the routes below `/_sim`.
    """

    db: Path | None = None
    seed: int = 1
    control: bool = False
    webhook: tuple[str, str] | None = None
    events: Sequence[str] = EVERY_TYPE
    rate_limit: str | None = None
    settings: Settings = field(default_factory=Settings)


def listen(host: str, port: int) -> socket.socket:
    """Bind a socket, to a free port when `port` is 0; raises OSError when the port is taken."""
    # asyncio switches Nagle's delay off only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


async def _lasting(work: Callable[[], Awaitable[None]]) -> None:
    """Run a worker until cancelled; a bug in it is logged and does not end it."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("a worker failed and starts again")
            await asyncio.sleep(1)


class Server(uvicorn.Server):
    """A uvicorn that leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no handlers."""
        yield


class Runtime:
    """One server on one database."""

    def __init__(self, listener: socket.socket, options: Options) -> None:
        self.listener = listener
        self.services = open_services(options.db, options.seed, options.settings)
        host, port = listener.getsockname()
        self.services.base_url = f"http://{host}:{port}"
        book = FaultRules(options.seed, Limiter(PROFILES[options.rate_limit] if options.rate_limit else None))
        self.handler = RequestHandler(self.services, book)
        webhook_faults = WebhookFaults(self.services, options.seed)
        service = ControlOperations(self.services, book, webhook_faults, self.handler.committed.set)
        if options.webhook is not None:
            service.register(*options.webhook, options.events)
        self._delivery_worker = DeliveryWorker(self.services, self.handler.committed, webhook_faults)
        routes = page_routes(self.services, self.handler.committed.set)
        if options.control:
            routes.append(Routes(service).mount())
        self.server = Server(
            uvicorn.Config(
                build_app(self.handler, ResponseWriter(self._connections).send, routes),
                log_config=None,
                access_log=False,
                lifespan="off",
                http="httptools",
                ws="none",
                loop="asyncio",
                timeout_graceful_shutdown=1,
                timeout_keep_alive=KEEP_ALIVE,
                server_header=False,
                date_header=False,
            )
        )

    def _connections(self) -> set[object]:
        return set(self.server.server_state.connections)

    async def run(self) -> None:
        """Serve until `stop` is called, then close the database."""
        workers = [asyncio.create_task(_lasting(work)) for work in (self._delivery_worker.run, self._keep_time)]
        try:
            await self.server.serve(sockets=[self.listener])
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self.listener.close()
            self.services.db.close()

    def stop(self) -> None:
        """Ask the server to end; may be called from any thread."""
        self.server.should_exit = True

    async def _keep_time(self) -> None:
        while True:
            done = run_due(self.services, None, self.services.clock.now()) + run_advancing(self.services)
            if done:
                self.handler.committed.set()
            await asyncio.sleep(0 if done else TICK)
