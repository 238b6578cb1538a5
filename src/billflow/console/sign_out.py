"""Signing out: here, and at the provider where somebody came from one."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from billflow.api.changes import change_by
from billflow.console.pages import BASE
from billflow.console.security import SESSION, ConsoleRoute
from billflow.console.services import ConsoleService
from billflow.console.visits import ReaderVisit, Visit
from billflow.errors import Unavailable
from billflow.models.contracts.console import SESSION_LIFETIME

ID_TOKEN_COOKIE = "__Secure-billflow_id_token"  # noqa: S105  (a name)
"""Holds the ID token of a sign-in, for signing out alone: the provider tells by it which of its sessions is to end."""

LONGEST_TOKEN = 3_500
"""Characters that every browser takes in a cookie, and every server in an address."""

_NO_TOKEN = "-"  # noqa: S105  (says that there is none)
_PATH = f"{BASE}/sign-out"

router = APIRouter(route_class=ConsoleRoute)


@router.post("/sign-out")
async def sign_out(visit: ReaderVisit) -> Response:
    """End the session on the server, forget it in the browser, and go on to the provider that it came from."""
    await visit.console.sessions.end(visit.request.state.console_session, change_by(visit.principal))
    kept = visit.request.cookies.get(ID_TOKEN_COOKIE, "")
    response = await _at_provider(visit, kept) if kept else None
    response = response or RedirectResponse(f"{BASE}/sign-in", HTTPStatus.SEE_OTHER)
    SESSION.drop(response)
    response.delete_cookie(ID_TOKEN_COOKIE, path=_PATH, secure=True, httponly=True, samesite="strict")
    return response


async def _at_provider(visit: Visit, kept: str) -> Response | None:
    """Return the page that leads to the provider's, None where the provider ends no sessions."""
    provider = visit.console.identity_provider
    if provider is None:
        return None
    back, host = address_here(visit.request, visit.console, "/sign-in"), provider.terms.host
    try:
        address = await provider.end_session_address("" if kept == _NO_TOKEN else kept, back)
    except Unavailable as error:
        return visit.page("signed_out.html", signed_in=None, host=host, address=None, problem=error)
    if address is None:
        return None
    page = visit.page("signed_out.html", signed_in=None, host=host, address=address, problem=None)
    # A browser sends no form on to another site where a page's policy allows forms to its own alone.
    page.headers["Refresh"] = f"0; url={address}"
    return page


def keep_id_token(response: Response, id_token: str) -> None:
    """Let the browser hold the ID token of a sign-in, to be shown when that person signs out."""
    kept = id_token if len(id_token) <= LONGEST_TOKEN else _NO_TOKEN
    age = int(SESSION_LIFETIME.total_seconds())
    response.set_cookie(ID_TOKEN_COOKIE, kept, max_age=age, path=_PATH, secure=True, httponly=True, samesite="strict")


def address_here(request: Request, console: ConsoleService, path: str) -> str:
    """Return the address of a page of the console, as the provider knows it beforehand."""
    base = console.url or f"{request.url.scheme}://{request.url.netloc}{BASE}"
    return f"{base.rstrip('/')}{path}"
