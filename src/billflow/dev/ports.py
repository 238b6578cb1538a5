"""Ports on the loopback interface: free ones unless named."""

import random
import socket
from collections import deque

from billflow.dev.errors import PortInUse

LOOPBACK = "127.0.0.1"

_CANDIDATES = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections: one of those could take a free port before its server."""

_TRIES = 200

_MOST_CLAIMS = 64
"""Ports that this process claims at a time: whoever chose more than that before listens on it by now."""

_claims: deque[int] = deque()
"""Their file descriptors, which the system closes when the process ends."""


def free_port() -> int:
    """Return a port that nobody listens on, nor is about to; raises `PortInUse` where there is hardly any.

    Seconds may go by until its server listens, so this process claims it meanwhile from all others that look for one:
    by the same port of UDP, which no server here uses and the system gives back when the process ends.
    """
    for port in random.SystemRandom().sample(_CANDIDATES, _TRIES):
        claim = socket.socket(type=socket.SOCK_DGRAM)
        if _binds(claim, port) and _is_free(port):
            _keep(claim)
            return port
        claim.close()
    raise PortInUse("No free port was found on the loopback interface; stop some of the programs that listen there.")


def named_or_free(port: int, part: str) -> int:
    """Return `port` if nobody listens on it, a free one for 0, or raise `PortInUse` naming the part."""
    if port == 0:
        return free_port()
    if not _is_free(port):
        raise PortInUse(f"Port {port} for {part} is in use by another program; stop that one, or name another port.")
    return port


def _keep(claim: socket.socket) -> None:
    _claims.append(claim.detach())
    if len(_claims) > _MOST_CLAIMS:
        socket.close(_claims.popleft())


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port that only waits out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _binds(probe, port)


def _binds(unbound: socket.socket, port: int) -> bool:
    try:
        unbound.bind((LOOPBACK, port))
    except OSError:
        return False
    return True
