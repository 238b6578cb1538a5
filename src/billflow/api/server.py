"""Serving the API inside a running event loop, and stopping it cleanly."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette

from billflow.errors import CommandFailed

GRACE = 5
"""Seconds that running requests may take when the server stops."""

_BACKLOG = 512

_KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than clients and proxies keep theirs (5 to 60), so that none of
them sends a request into a connection that is being closed."""


class CannotListen(CommandFailed):
    """The API or the operations endpoints can't listen on their address, or one of several processes did not start.

    Stop the program that listens there, or name another address; the log says more.
    """

    code = "cannot_listen"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the program around us."""
        yield


@asynccontextmanager
async def serving(app: Starlette, host: str, port: int) -> AsyncIterator[str]:
    """Serve *app* and yield its address, such as http://127.0.0.1:8000; port 0 is any free one.

    Raises `CannotListen`. At the end running requests get `GRACE` seconds.
    """
    with contextlib.closing(listen(host, port)) as listener:
        async with serving_at(app, listener):
            yield address_of(listener, host)


@asynccontextmanager
async def serving_at(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    """Serve *app* on a socket that listens; raises `CannotListen`."""
    server = _Server(_config(app))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    ready = asyncio.create_task(server.ready.wait())
    try:
        await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            raise CannotListen("The API did not start; its log says why.")
        yield
    finally:
        ready.cancel()
        server.should_exit = True
        await running


async def run_server(app: Starlette, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve *app* until *stop* is set; raises `CannotListen`."""
    async with serving(app, host, port):
        await stop.wait()


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )


def address_of(listener: socket.socket, host: str) -> str:
    """Return where *listener* can be reached, by the name of *host*."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there, on any free port for 0; raises `CannotListen`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's delay off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise CannotListen(
            f"billflow can't listen on {host}, port {port} ({error}); stop the other program, or set "
            "BILLFLOW_API_HOST and BILLFLOW_API_PORT, or BILLFLOW_OPS_HOST and BILLFLOW_OPS_PORT."
        ) from error
    return listener
