"""A pytest plugin: tests run on the event loop that servers and workers run on, and call nobody but this machine."""

import asyncio
import errno
import socket
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def is_here(host: object) -> bool:
    """Tell whether a host is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    return name in (None, "", "localhost", "::1", "::") or str(name).startswith(("127.", "0.0.0.0"))  # noqa: S104


def unknown() -> NoReturn:
    """Say what a machine without a network says of a name."""
    raise socket.gaierror(socket.EAI_NONAME, "tests look up no names")


def unreachable() -> NoReturn:
    """Say what a machine without a network says of an address."""
    raise OSError(errno.ENETUNREACH, "tests call nobody but this machine")


def _stay(event: str, arguments: tuple[object, ...]) -> None:
    """Let nothing but loopback be found or called by Python's own sockets."""
    if event == "socket.getaddrinfo" and not is_here(arguments[0]):
        unknown()
    if event == "socket.connect" and isinstance(arguments[1], tuple) and not is_here(arguments[1][0]):
        unreachable()


sys.addaudithook(_stay)


def _quick_loop() -> LoopFactory | None:
    try:
        import uvloop  # noqa: PLC0415  (there is none for every platform)
    except ImportError:
        return None

    class LoopOfThisMachine(uvloop.Loop):
        """A loop whose calls, which pass by Python's sockets, go nowhere else either."""

        async def getaddrinfo(self, host: Any, *rest: Any, **named: Any) -> Any:
            return await super().getaddrinfo(host, *rest, **named) if is_here(host) else unknown()

        async def create_connection(  # type: ignore[override]
            self, factory: Any, host: Any = None, *rest: Any, **named: Any
        ) -> Any:
            return await super().create_connection(factory, host, *rest, **named) if is_here(host) else unreachable()

    return LoopOfThisMachine


@pytest.fixture(scope="session")
def _asyncio_loop_factory() -> LoopFactory | None:
    """Return pytest-asyncio's loop; its hook for that would bring the tests into another order."""
    return _quick_loop()
