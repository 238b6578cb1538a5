"""Requests that a foreign page makes a browser send: refused, since a local server trusts whoever is on the machine."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from stripe_emulator.errors import StripeError

FORBIDDEN = 403


class OwnPagesOnly:
    """Refuses hosts that are not loopback, as after DNS rebinding, and origins other than the emulator's own pages."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if _is_loopback(host) and origin in (None, f"http://{host}"):
            await self.app(scope, receive, send)
            return
        error = StripeError("The emulator takes requests of this machine and its own pages only.", status=FORBIDDEN)
        await JSONResponse(error.body("req_none"), status_code=error.status)(scope, receive, send)


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
