"""Put answers on the socket: whole, or broken in the way their `effect` says."""

import os
import socket
import struct
from collections.abc import Callable
from typing import Any

from starlette.types import Scope, Send

from stripe_emulator.wire.messages import Response

RESET = struct.pack("ii", 1, 0)
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
CRASHED = 137


class ResponseWriter:
    """Sends answers; `connections` returns the server's open connections, for those that are to be reset."""

    def __init__(self, connections: Callable[[], Any]) -> None:
        self._connections = connections

    async def send(self, scope: Scope, send: Send, response: Response) -> None:
        """Send an answer, or do to it what its effect says."""
        if response.effect == "crash":
            os._exit(CRASHED)
        if response.effect == "reset":
            self._reset(scope)
            return
        body = response.body
        if response.effect == "html":
            response.status, response.headers["Content-Type"], body = 502, "text/html", HTML
        elif response.effect == "malformed":
            body = body[: len(body) // 2]
        await send({"type": "http.response.start", "status": response.status, "headers": _headers(response, body)})
        if response.effect == "cut":
            # The header promised all of it; ending here makes the server drop the connection.
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            return
        await send({"type": "http.response.body", "body": body})

    def _reset(self, scope: Scope) -> None:
        for connection in list(self._connections()):
            if connection.client == scope["client"]:
                handle = connection.transport.get_extra_info("socket")
                handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.transport.abort()


def _headers(response: Response, body: bytes) -> list[tuple[bytes, bytes]]:
    headers = [
        (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in response.headers.items()
    ]
    return [*headers, (b"content-length", str(len(body)).encode())]
