"""The ASGI application: Stripe's API below `/v1` and whatever other routes the server offers."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from stripe_emulator import resources  # noqa: F401 - registers the operations
from stripe_emulator.engine.handler import RequestHandler
from stripe_emulator.errors import StripeError
from stripe_emulator.wire.messages import RawRequest, Response, encode
from stripe_emulator.wire.origins import OwnPagesOnly

MAX_BODY = 4 * 1024 * 1024
TOO_LARGE = 413
Sender = Callable[[Scope, Send, Response], Awaitable[None]]


class Api:
    """The part below `/v1`; `sender` puts answers on the wire, whole or broken."""

    def __init__(self, handler: RequestHandler, sender: Sender) -> None:
        self.handler = handler
        self.sender = sender

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        body = await request.body()
        if len(body) > MAX_BODY:
            error = StripeError(f"The request body is larger than {MAX_BODY} bytes.", status=TOO_LARGE)
            await self.sender(scope, send, Response(error.status, encode(error.body("req_none"))))
            return
        text = body.decode("utf-8", errors="replace")
        raw = RawRequest(request.method, scope["path"], request.url.query, text, dict(request.headers))
        await self.sender(scope, send, await self.handler.answer(raw))


def build_app(handler: RequestHandler, sender: Sender, routes: Sequence[BaseRoute] = ()) -> ASGIApp:
    """Return the application with the API and the given further routes, for callers of this machine only."""
    return OwnPagesOnly(Starlette(routes=[Mount("/v1", app=Api(handler, sender)), *routes]))
