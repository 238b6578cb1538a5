"""What a browser may load and run of our pages, and who may frame them."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""Of a document that one of our own pages shows inside it."""


def let_frame(response: Response, origins: Collection[str]) -> None:
    """Let pages of *origins* frame a page of ours, nobody's where there are none."""
    policy, _, _ = response.headers.get("Content-Security-Policy", POLICY).partition("; frame-ancestors")
    whose = " ".join(origins) or "'none'"
    response.headers["Content-Security-Policy"] = f"{policy}; frame-ancestors {whose}"


@dataclass
class PageHeaders:
    """Lets the pages below *base* run and load nothing but our own files, and be framed by nobody."""

    app: ASGIApp
    base: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        is_static = scope["type"] == "http" and scope["path"].startswith(f"{self.base}/static/")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", POLICY)
                if is_static:
                    headers["Cache-Control"] = "private, max-age=31536000, immutable"
            await send(message)

        await self.app(scope, receive, answer)
