"""What holds for every request: its id, and that its text can be stored."""

import re
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from uuid import uuid4

import structlog
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billflow.api.problems import BadText

REQUEST_ID = "X-Request-Id"
MAX_BODY = 2 * 1024 * 1024
"""Bytes; ten thousand seat observations fit."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestIds:
    """Gives each request an id, the caller's own where it is one, and answers it back; log lines carry it too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, answer)


class CheckedRoute(APIRoute):
    """A route whose path, query and JSON body hold only text that can be stored."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind the check."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            for field, value in [*request.path_params.items(), *request.query_params.multi_items()]:
                check_text(value, field)
            return await handle(_CheckedRequest(request.scope, request.receive))

        return checked


class _CheckedRequest(Request):
    async def json(self) -> Any:
        parsed = await super().json()
        check_text(parsed)
        return parsed


def check_text(value: object, field: str = "") -> None:
    """Raise `BadText` where any text within a JSON value holds NUL or a lone surrogate."""
    for path, text in _texts(value, field):
        if "\0" in text or not _is_unicode(text):
            raise BadText(path or "body")


def _texts(value: object, field: str) -> Iterator[tuple[str, str]]:
    waiting = [(field, value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, str):
            yield path, item
        elif isinstance(item, dict):
            yield from ((path, key) for key in item)
            waiting += [(f"{path}.{key}" if path else key, held) for key, held in item.items()]
        elif isinstance(item, list):
            waiting += [(f"{path}.{index}", held) for index, held in enumerate(item)]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
