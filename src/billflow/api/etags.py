"""`ETag`: reads that change nothing are answered 304, updates of what has changed meanwhile are refused."""

import hashlib
import re
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request, Response
from starlette.types import Message, Scope

from billflow.errors import PreconditionFailed

ETAG = "ETag"
IF_MATCH, IF_NONE_MATCH = "If-Match", "If-None-Match"

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_DIGEST_BYTES = 16


def tagged(request: Request, response: Response) -> Response:
    """Give an answer to a read its tag, or replace it by 304 where the caller holds the same already."""
    body = getattr(response, "body", None)
    if response.status_code != HTTPStatus.OK or not isinstance(body, bytes):
        return response
    tag = f'"{hashlib.blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()}"'
    if _names(request.headers.get(IF_NONE_MATCH), tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={ETAG: tag})
    response.headers[ETAG] = tag
    return response


async def require_match(request: Request) -> None:
    """Raise `PreconditionFailed` unless what is at the request's address now has one of its `If-Match` tags.

    Where the address itself can't be read, such as that of one setting, what it is a part of counts.
    """
    wanted = request.headers.get(IF_MATCH)
    if wanted is None:
        return
    path = request.url.path
    status, headers = await _read(request, path)
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        status, headers = await _read(request, path.rpartition("/")[0])
    if status != HTTPStatus.OK or not _names(wanted, headers.get(ETAG.lower(), "")):
        raise PreconditionFailed(
            "It has changed since you read it, or is gone; read it again and repeat the change with its ETag."
        )


def _names(header: str | None, tag: str) -> bool:
    return header is not None and (header.strip() == "*" or tag in _TAG.findall(header))


async def _read(request: Request, path: str) -> tuple[int, Mapping[str, str]]:
    """Ask our own API for what is at *path*, in the caller's name."""
    left_out = {IF_MATCH.lower(), IF_NONE_MATCH.lower(), "content-length", "transfer-encoding", "idempotency-key"}
    headers = [(name, value) for name, value in request.scope["headers"] if name.decode("latin-1") not in left_out]
    scope: Scope = {
        "type": "http",
        "asgi": request.scope["asgi"],
        "http_version": request.scope["http_version"],
        "method": "GET",
        "scheme": request.scope["scheme"],
        "path": path,
        "raw_path": path.encode(),
        "root_path": request.scope.get("root_path", ""),
        "query_string": b"",
        "headers": headers,
        "server": request.scope.get("server"),
        "client": request.scope.get("client"),
    }
    begun: list[Message] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            begun.append(message)

    await request.app(scope, _no_body, send)
    told = {name.decode("latin-1"): value.decode("latin-1") for name, value in begun[0]["headers"]}
    return int(begun[0]["status"]), told


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
