"""What protects the pages: who is signed in, that a form is ours, and what a browser may load and run."""

import hmac
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, cast
from urllib.parse import parse_qsl, quote

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from billflow.api.metrics import ROUTE
from billflow.api.principal import READS, Principal, scope_of
from billflow.api.rate_limits import network_of
from billflow.api.requests import check_storable
from billflow.console.pages import BASE
from billflow.console.services import ConsoleService, console_of
from billflow.errors import Forbidden
from billflow.models.contracts.console import SESSION_LIFETIME, SessionToken, SignedIn

COOKIE = "billflow_console"
CSRF_FIELD = "csrf_token"
WRONG_TOKENS_RATE = 20
"""Tokens per second that are looked up for one address and turn out wrong; twice as many may come at once."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""Of a document that one of our own pages shows inside it."""


class ConsoleHeaders:
    """Lets a page run and load nothing but our own files, and be framed by nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        is_static = scope["type"] == "http" and scope["path"].startswith(f"{BASE}/static/")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", _POLICY)
                if is_static:
                    headers["Cache-Control"] = "private, max-age=31536000, immutable"
            await send(message)

        await self.app(scope, receive, answer)


class ConsoleRoute(APIRoute):
    """A page for people who are signed in: who asks comes first, then whether the role allows it, then the form."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.scope = scope_of(endpoint, options.get("methods") or READS)
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind all that."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            request.scope[ROUTE] = f"{BASE}{self.path_format}"
            console = await console_of(request)
            found = await _signed_in(request, console)
            if found is None:
                return _to_sign_in(request)
            _let_in(request, console, found)
            response = await self._answer(request, found, handle)
            if found.token is not None:
                keep_cookie(response, found.token)
            return response

        return checked

    async def _answer(
        self, request: Request, found: SignedIn, handle: Callable[[Request], Coroutine[Any, Any, Response]]
    ) -> Response:
        record = found.record
        if self.scope not in record.role.scopes:
            message = f"Your role, {record.role}, does not allow this; ask an administrator of billflow."
            raise Forbidden(message, code="scope_missing")
        for field, value in [*request.path_params.items(), *request.query_params.multi_items()]:
            check_storable(value, field)
        if request.method not in READS:
            await _check_form(request, record.csrf_token)
        return await handle(request)


async def _signed_in(request: Request, console: ConsoleService) -> SignedIn | None:
    token = SessionToken.read(request.cookies.get(COOKIE, ""))
    if token is None:
        return None
    limiter = console.wrong_tokens.take(address_of(request), WRONG_TOKENS_RATE, "This address asks too often")
    found = await console.sessions.find_valid(token, datetime.now(UTC))
    if found is not None:
        limiter.return_token()
    return found


def address_of(request: Request) -> str:
    """Return what a request's address counts as."""
    return network_of(request.client.host if request.client else None)


def _let_in(request: Request, console: ConsoleService, found: SignedIn) -> None:
    record = found.record
    request.state.console_session = record
    request.state.principal = Principal(
        org_id=record.org_id,
        actor=record.actor,
        request_id=request.state.request_id,
        scopes=record.role.scopes,
        mode=console.mode,
    )


def _to_sign_in(request: Request) -> Response:
    asked = request.url.path if request.method in READS else BASE
    response = RedirectResponse(f"{BASE}/sign-in?next={quote(asked)}", HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE, path=BASE, secure=True, httponly=True, samesite="lax")
    return response


def keep_cookie(response: Response, token: SessionToken) -> None:
    """Let the browser hold a session's token, which no script of any page can read."""
    age = int(SESSION_LIFETIME.total_seconds())
    response.set_cookie(COOKIE, token.text(), max_age=age, path=BASE, secure=True, httponly=True, samesite="lax")


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form, the last of each name; raises `InvalidInput` for what can't be stored."""
    if not hasattr(request.state, "form"):
        text = (await request.body()).decode("utf-8", "replace")
        form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
        check_storable(form)
        request.state.form = form
    return cast("dict[str, str]", request.state.form)


def check_origin(request: Request) -> None:
    """Raise `Forbidden` for a form that a page of somebody else's sends."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise _foreign()


def _foreign() -> Forbidden:
    message = "This form was not sent by the console, or you signed in again since; open it anew and send that."
    return Forbidden(message, code="foreign_form")


async def _check_form(request: Request, csrf_token: str) -> None:
    check_origin(request)
    given = (await form_of(request)).get(CSRF_FIELD, "")
    if not hmac.compare_digest(given.encode(), csrf_token.encode()):
        raise _foreign()


FormHere = Annotated[dict[str, str], Depends(form_of)]
"""The fields of the form that was sent."""
