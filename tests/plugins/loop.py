"""Tests run on the event loop that servers and workers run on; it calls nobody but this machine either."""

import errno
import socket
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Any

import pytest


def is_here(host: object) -> bool:
    """Tell whether a host is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    return name in (None, "", "localhost", "::1", "::") or str(name).startswith(("127.", "0.0.0.0"))  # noqa: S104


def quick_loop() -> Callable[[], AbstractEventLoop] | None:
    """Return what makes an event loop of uvloop, where there is one for this platform."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return None

    class LoopOfThisMachine(uvloop.Loop):
        """Looks up no names and connects to loopback alone: its calls pass by Python's sockets, and so their guard."""

        async def getaddrinfo(self, host: Any, *rest: Any, **named: Any) -> Any:
            """Return addresses of this machine."""
            if not is_here(host):
                raise socket.gaierror(socket.EAI_NONAME, "tests look up no names")
            return await super().getaddrinfo(host, *rest, **named)

        async def create_connection(self, factory: Any, host: Any = None, *rest: Any, **named: Any) -> Any:
            """Connect to this machine."""
            if not is_here(host):
                raise OSError(errno.ENETUNREACH, "tests call nobody but this machine")
            return await super().create_connection(factory, host, *rest, **named)

    return LoopOfThisMachine


@pytest.fixture(scope="session")
def _asyncio_loop_factory() -> Callable[[], AbstractEventLoop] | None:
    """Return pytest-asyncio's choice of a loop: its hook for it would order the tests anew."""
    return quick_loop()
