"""Signing in by a link that opens once."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from billflow.console.pages import BASE, page
from billflow.console.security import SESSION, FormHere, check_origin
from billflow.console.services import ConsoleHere, ConsoleService
from billflow.domain.errors import BillingError
from billflow.errors import Unauthorized, kind_of
from billflow.models.contracts.console import SessionToken
from billflow.models.contracts.customers import ChangeContext
from billflow.pages.sessions import take_token

router = APIRouter()
"""What needs nobody to be signed in."""


@router.get("/sign-in")
async def show_sign_in(request: Request, console: ConsoleHere, token: str = "", next: str = "") -> Response:  # noqa: A002
    """Show whom a link signs in; only the button does it, since links are also opened by programs that look at them."""
    linked = None
    if known := SessionToken.read(token):
        limiter = take_token(console.wrong_tokens, request)
        if linked := await console.sessions.linked(known, datetime.now(UTC)):
            limiter.return_token()
    problem = _used_up() if token and linked is None else None
    response = sign_in_page(request, console, to=next, problem=problem, linked=linked, token=token)
    if linked:
        SESSION.mark(response)
    return response


@router.post("/sign-in")
async def sign_in(request: Request, console: ConsoleHere, form: FormHere) -> Response:
    """Sign in by the token of a link, and go to the page that was asked for."""
    check_origin(request)
    known, to = SessionToken.read(form.get("token", "")), form.get("next", "")
    take_token(console.wrong_tokens, request)
    browser = SESSION.mark_in(request)
    found = await console.sessions.sign_in(known, datetime.now(UTC), browser) if known else None
    if found is None or found.token is None:
        return sign_in_page(request, console, to=to, problem=_used_up())
    if found.token != SESSION.token_in(request):
        await end_session_before(request, console)
    response = RedirectResponse(to if is_ours(to) else f"{BASE}/", HTTPStatus.SEE_OTHER)
    SESSION.keep(response, found.token)
    return response


def sign_in_page(
    request: Request, console: ConsoleService, *, to: str = "", problem: BillingError | None = None, **link: object
) -> Response:
    """Return the page on which people sign in; *problem* is why that did not work, *to* the page that is wanted."""
    status = kind_of(type(problem)).http_status if problem else HTTPStatus.OK
    provider = console.identity_provider
    context = {"linked": None, "token": "", **link, "next": to, "provider": provider and provider.terms.host}
    return page(request, "sign_in.html", status=status or HTTPStatus.OK, problem=problem, **context)


async def end_session_before(request: Request, console: ConsoleService) -> None:
    """End the session that the browser holds: whoever signs in anew is known by the new one alone."""
    now, token = datetime.now(UTC), SESSION.token_in(request)
    if token and (found := await console.sessions.find_valid(token, now)):
        change = ChangeContext(actor=found.record.actor, at=now, request_id=request.state.request_id)
        await console.sessions.end(found.record, change)


def is_ours(address: str) -> bool:
    """Tell whether an address is a page of the console: another site's would be reached by what begins with `//`."""
    return address.startswith(f"{BASE}/") and "\\" not in address


def _used_up() -> Unauthorized:
    message = "This link was used already, or is too old. Ask for a new one."
    return Unauthorized(message, code="sign_in_link_used")
