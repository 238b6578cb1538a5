"""Ports on the loopback interface: free ones unless named."""

import random
import socket

from billflow.dev.errors import PortInUse

LOOPBACK = "127.0.0.1"

_CANDIDATES = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections: one of those could take a free port before its server."""

_TRIES = 200


def free_port() -> int:
    """Return a port that nobody listens on now; raises `PortInUse` where there is hardly any."""
    for port in random.SystemRandom().sample(_CANDIDATES, _TRIES):
        if _is_free(port):
            return port
    raise PortInUse("No free port was found on the loopback interface; stop some of the programs that listen there.")


def named_or_free(port: int, part: str) -> int:
    """Return `port` if nobody listens on it, a free one for 0, or raise `PortInUse` naming the part."""
    if port == 0:
        return free_port()
    if not _is_free(port):
        raise PortInUse(f"Port {port} for {part} is in use by another program; stop that one, or name another port.")
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port that only waits out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
