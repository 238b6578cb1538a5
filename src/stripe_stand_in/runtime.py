"""Put the parts of one server together and run them in one event loop."""

import asyncio
import contextlib
import socket
from pathlib import Path

import uvicorn

from stripe_stand_in.app import build_app
from stripe_stand_in.engine.due import run_due
from stripe_stand_in.engine.gate import Gate
from stripe_stand_in.engine.moving import run_advancing
from stripe_stand_in.engine.plan import NoFaults
from stripe_stand_in.engine.services import Settings, open_services
from stripe_stand_in.engine.unit import Origin, Unit
from stripe_stand_in.invoicing import tasks  # noqa: F401 - registers the due tasks
from stripe_stand_in.resources.webhook_endpoints import new_endpoint
from stripe_stand_in.storage.outbox import EVERY_ACCOUNT
from stripe_stand_in.storage.query import Query
from stripe_stand_in.webhooks.worker import Courier
from stripe_stand_in.wire.sending import Wire

HOST = "127.0.0.1"
TICK = 0.05


def listen(host: str, port: int) -> socket.socket:
    """Bind a socket, to a free port when `port` is 0; raises OSError when the port is taken."""
    # asyncio switches Nagle's delay off only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


class Runtime:
    """One server on one database; `webhook` is the address and secret of an endpoint for every account."""

    def __init__(
        self,
        listener: socket.socket,
        db: Path | None,
        seed: int,
        *,
        webhook: tuple[str, str] | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.listener = listener
        self.services = open_services(db, seed, settings)
        host, port = listener.getsockname()
        self.services.base_url = f"http://{host}:{port}"
        self.gate = Gate(self.services, NoFaults())
        app = build_app(self.gate, Wire(self._connections).send)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            http="h11",
            ws="none",
            loop="asyncio",
            timeout_graceful_shutdown=1,
            server_header=False,
            date_header=False,
        )
        self.server = uvicorn.Server(config)
        if webhook is not None:
            self._register(*webhook)

    def _connections(self) -> set[object]:
        return set(self.server.server_state.connections)

    async def run(self) -> None:
        """Serve until `stop` is called, then close the database."""
        courier = Courier(self.services, self.gate.committed)
        workers = [asyncio.create_task(courier.run()), asyncio.create_task(self._keep_time())]
        try:
            await self.server.serve(sockets=[self.listener])
        finally:
            for worker in workers:
                worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*workers)
            self.listener.close()
            self.services.db.close()

    def stop(self) -> None:
        """Ask the server to end; may be called from any thread."""
        self.server.should_exit = True

    async def _keep_time(self) -> None:
        while True:
            done = run_due(self.services, None, self.services.clock.now()) + run_advancing(self.services)
            if done:
                self.gate.committed.set()
            await asyncio.sleep(TICK)

    def _register(self, url: str, secret: str) -> None:
        """Keep one endpoint for every account, with the given secret, in the place of earlier ones."""
        with self.services.db.transaction():
            unit = Unit(self.services, EVERY_ACCOUNT, Origin())
            for old in unit.select(Query("webhook_endpoint")):
                unit.remove(old)
            new_endpoint(unit, url, secret, ["*"])
            unit.flush()
