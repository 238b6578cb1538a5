"""What surrounds every request: its id, a limit to its body, and an answer even where we fail."""

import re
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billflow.api.problems import fault, too_large
from billflow.errors import BodyTooLarge

REQUEST_ID = "X-Request-Id"
MAX_BODY = 2 * 1024 * 1024
"""Bytes; ten thousand seat observations fit."""

_OF_DATA = b"default-src 'none'; frame-ancestors 'none'"
# What draws the page of the API's description writes its styles into it.
_OF_DOCS = (
    b"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_SAFE = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"))
_POLICY = b"content-security-policy"

_HEADER = REQUEST_ID.lower().encode()
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_log = structlog.get_logger(__name__)


class RequestIds:
    """Gives each request an id, the caller's own where it is one; answers and log lines carry it.

    What the application fails with is logged under that id and answered as a problem.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = _header(scope, _HEADER).decode("latin-1")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message["headers"], (_HEADER, request_id.encode())]
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, answer)
        except Exception:
            _log.exception("request failed", path=scope["path"])
            if begun:
                raise
            await fault()(scope, receive, answer)
        finally:
            structlog.contextvars.reset_contextvars(**bound)


class SafeHeaders:
    """Lets no answer be kept, guessed at or framed, and only the pages of ours run anything: their own scripts.

    What an application below says of itself, the console of its pages, stays.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        policy = _OF_DOCS if scope["path"] == "/docs" else _OF_DATA

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                safe = (one for one in (*_SAFE, (_POLICY, policy)) if one[0] not in said)
                message["headers"] = [*message["headers"], *safe]
            await send(message)

        await self.app(scope, receive, answer)


class Heads:
    """Answers HEAD as GET is answered; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self.app({**scope, "method": "GET"} if is_head else scope, receive, send)


class BodyLimit:
    """Refuses bodies of more than `MAX_BODY` bytes, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        length = _header(scope, b"content-length") if scope["type"] == "http" else b""
        if length.isdigit() and int(length) > MAX_BODY:
            await too_large()(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY:
                raise BodyTooLarge("The body is too large; send less at once.")
            return message

        await self.app(scope, counted, send)


def _header(scope: Scope, name: bytes) -> bytes:
    """Return a header of a request, empty where it has none; to look for one is less than to make all of them."""
    return next((value for key, value in scope["headers"] if key == name), b"")
