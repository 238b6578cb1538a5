"""What protects the console's pages: who is signed in, in which role, and that a form is ours."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from billflow.api.metrics import ROUTE
from billflow.api.principal import READS, Principal, scope_of
from billflow.console.pages import BASE
from billflow.console.services import ConsoleService, console_of
from billflow.errors import Forbidden
from billflow.models.contracts.console import SignedIn
from billflow.models.contracts.storable import check_storable
from billflow.pages.forms import FormHere, check_form, check_origin
from billflow.pages.headers import PDF_POLICY
from billflow.pages.sessions import SessionCookie, take_token

__all__ = [
    "COOKIE",
    "PDF_POLICY",
    "SESSION",
    "ConsoleRoute",
    "FormHere",
    "check_origin",
]

COOKIE = "billflow_console"
SESSION = SessionCookie(COOKIE, BASE)


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
                SESSION.keep(response, found.token)
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
            await check_form(request, record.csrf_token)
        return await handle(request)


async def _signed_in(request: Request, console: ConsoleService) -> SignedIn | None:
    token = SESSION.token_in(request)
    if token is None:
        return None
    limiter = take_token(console.wrong_tokens, request)
    found = await console.sessions.find_valid(token, datetime.now(UTC))
    if found is not None:
        limiter.return_token()
    return found


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
    SESSION.drop(response)
    return response
