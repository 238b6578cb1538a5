"""Opening the portal by a link that works once, in a window or in a frame of somebody's page, and leaving it."""

from datetime import UTC, datetime
from http import HTTPStatus
from secrets import token_bytes

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from billflow.api.services import ServicesHere
from billflow.models.contracts.console import SessionToken
from billflow.pages.forms import FormHere, check_origin
from billflow.pages.headers import let_frame
from billflow.pages.sessions import take_token
from billflow.portal.pages import BASE, FRAMES, asking, base_of, page
from billflow.portal.requests import request_address
from billflow.portal.security import SESSION, PortalRoute, cookie_of, frame_origins, wrong_tokens
from billflow.portal.texts import reader_of
from billflow.portal.visits import VisitHere

router = APIRouter()
"""What needs no session."""

opened = APIRouter(route_class=PortalRoute)


@router.get("/open")
async def show_link(request: Request, services: ServicesHere, token: str = "") -> Response:
    """Show whose portal a link opens; only the button does it, since links are also opened by programs that look."""
    known = SessionToken.read(token)
    limiter = take_token(wrong_tokens(request), request)
    link = await services.repositories.portal_links.linked(known, datetime.now(UTC)) if known else None
    if link is None:
        return await _link_over(request, known)
    limiter.return_token()
    customer = await services.queries.customers.get(link.org_id, link.customer_id)
    seller = await services.repositories.sellers.printed(link.org_id, None, is_issued=False)
    reader = reader_of(customer.default_language)
    response: Response = page("open.html", reader, seller=seller, customer=customer, token=token)
    SESSION.mark(response)
    return response


@router.post("/open")
async def open_link(request: Request, services: ServicesHere, form: FormHere) -> Response:
    """Begin the session of a link, and go to the overview: the token is in no address from then on."""
    check_origin(request)
    known = SessionToken.read(form.get("token", ""))
    limiter = take_token(wrong_tokens(request), request)
    links, browser = services.repositories.portal_links, SESSION.mark_in(request)
    visitor = await links.open(known, datetime.now(UTC), browser) if known else None
    if visitor is None or visitor.token is None:
        return await _link_over(request, known)
    limiter.return_token()
    response = RedirectResponse(f"{BASE}/", HTTPStatus.SEE_OTHER)
    SESSION.keep(response, visitor.token)
    return response


@router.get(f"{FRAMES}/open")
async def show_frame(request: Request, org_id: str) -> Response:
    """Show what a frame begins with: a script takes the token out of the address, where no server sees it."""
    response = page("open_frame.html", asking(request), base=base_of(org_id), in_frame=True)
    let_frame(response, await frame_origins(request, org_id))
    return response


@router.post(f"{FRAMES}/open")
async def open_frame(request: Request, services: ServicesHere, org_id: str, form: FormHere) -> Response:
    """Begin the session of a link for a frame, which works once, and go to the overview within it."""
    check_origin(request)
    known = SessionToken.read(form.get("token", ""))
    limiter = take_token(wrong_tokens(request), request)
    links, visitor = services.repositories.portal_links, None
    if known and known.org_id == org_id:
        # A script sends it, so there is no second click, and a session of a frame begins for no window.
        visitor = await links.open(known, datetime.now(UTC), token_bytes(32), in_frame=True)
    if visitor is None or visitor.token is None or visitor.session.origin is None:
        response: Response = page(
            "over.html", asking(request), status=HTTPStatus.UNAUTHORIZED, why="frame_over", in_frame=True
        )
        let_frame(response, await frame_origins(request, org_id))
        return response
    limiter.return_token()
    response = RedirectResponse(f"{base_of(org_id)}/", HTTPStatus.SEE_OTHER)
    cookie_of(org_id).keep(response, visitor.token)
    let_frame(response, [visitor.session.origin])
    return response


@router.get("/left")
async def show_left(request: Request) -> Response:
    """Show that the session is over."""
    return page("over.html", asking(request), why="left")


@opened.post("/leave")
async def leave(visit: VisitHere) -> Response:
    """End the session on the server, and drop it in the browser."""
    link_id = visit.session.portal_link_id
    await visit.services.repositories.portal_links.revoke(visit.ref, link_id, visit.change())
    response = RedirectResponse(f"{BASE}/left", HTTPStatus.SEE_OTHER)
    SESSION.drop(response)
    return response


async def _link_over(request: Request, known: SessionToken | None) -> Response:
    """Say that a link does not open, and where there is another: nothing in the token is believed but that."""
    again = await request_address(request, known.org_id if known else None)
    return page("over.html", asking(request), status=HTTPStatus.UNAUTHORIZED, why="link_over", request_address=again)
