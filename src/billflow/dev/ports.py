"""Ports on the loopback interface: free ones unless named."""

import socket

from billflow.dev.errors import PortInUse

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def named_or_free(port: int, part: str) -> int:
    """Return `port` if nobody listens on it, a free one for 0, or raise `PortInUse` naming the part."""
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        # As servers do: a port that only waits out its last connections is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortInUse(
                f"Port {port} for {part} is in use by another program; stop that one, or name another port."
            ) from error
    return port
