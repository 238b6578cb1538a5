"""Signing in by OpenID Connect: to the provider's page, and back from it."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from billflow.console.pages import BASE
from billflow.console.security import SESSION
from billflow.console.services import ConsoleHere, ConsoleService
from billflow.console.sign_in import end_session_before, is_ours, sign_in_page
from billflow.console.sign_out import address_here, keep_id_token
from billflow.domain.errors import BillingError, NotFound
from billflow.models.contracts.console import SIGN_IN_LIFETIME, BegunSignIn
from billflow.pages.sessions import take_token

if TYPE_CHECKING:
    from billflow.console.identity_provider import IdentityProvider

BEGUN_COOKIE = "__Host-billflow_sign_in"
"""Holds a sign-in that was begun. A browser takes a cookie of such a name from this very host alone, so that nobody who
has another host of the same domain begins one for somebody else."""

router = APIRouter(prefix="/sign-in/openid")


@router.get("")
async def begin_sign_in(request: Request, console: ConsoleHere, next: str = "") -> Response:  # noqa: A002
    """Send somebody to the provider's page, and let the browser remember what was asked there."""
    provider = _provider(request, console)
    try:
        address, begun = await provider.begin(_redirect_uri(request, console), next if is_ours(next) else f"{BASE}/")
    except BillingError as error:
        return sign_in_page(request, console, problem=error)
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    age = int(SIGN_IN_LIFETIME.total_seconds())
    response.set_cookie(BEGUN_COOKIE, begun.text(), max_age=age, path="/", secure=True, httponly=True, samesite="lax")
    return response


@router.get("/callback")
async def finish_sign_in(request: Request, console: ConsoleHere) -> Response:
    """Sign in whom the provider sends back, and go to the page that was asked for; each sign-in ends here once."""
    provider = _provider(request, console)
    begun = BegunSignIn.read(request.cookies.get(BEGUN_COOKIE, ""))
    try:
        vouched = await provider.finish(begun, dict(request.query_params), _redirect_uri(request, console))
    except BillingError as error:
        response = sign_in_page(request, console, problem=error)
    else:
        await end_session_before(request, console)
        session = await console.sessions.begin(provider.org_id, vouched.new, datetime.now(UTC))
        response = RedirectResponse(begun.to if begun and is_ours(begun.to) else f"{BASE}/", HTTPStatus.SEE_OTHER)
        SESSION.keep(response, session)
        keep_id_token(response, vouched.id_token)
    response.delete_cookie(BEGUN_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _provider(request: Request, console: ConsoleService) -> "IdentityProvider":
    take_token(console.wrong_tokens, request)
    if console.identity_provider is None:
        raise NotFound("Nobody signs in this way here; ask an operator for a link.", code="no_such_route")
    return console.identity_provider


def _redirect_uri(request: Request, console: ConsoleService) -> str:
    """Return where the provider sends people back to, which it knows beforehand."""
    return address_here(request, console, "/sign-in/openid/callback")
