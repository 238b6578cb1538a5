"""What protects the portal's pages: whose session it is, and that a form is ours."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute

from billflow.api.metrics import ROUTE
from billflow.api.principal import READS
from billflow.api.rate_limits import RateLimiters
from billflow.api.services import services_of
from billflow.domain.errors import NotFound
from billflow.models.contracts.portal import PortalVisitor
from billflow.models.contracts.storable import check_storable
from billflow.pages.forms import check_form
from billflow.pages.headers import let_frame
from billflow.pages.problems import FAULTS, problem_of
from billflow.pages.sessions import SessionCookie, take_token
from billflow.portal.pages import BASE, asking, base_of, page
from billflow.portal.requests import request_address
from billflow.portal.visits import PortalVisit, begin_visit, refused

SESSION = SessionCookie("billflow_portal", BASE)
IN_FRAMES = "billflow_portal_frame"

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


def wrong_tokens(request: Request) -> RateLimiters:
    """Return what counts tokens that are looked up."""
    return cast("RateLimiters", request.app.state.wrong_tokens)


def cookie_of(org_id: str | None) -> SessionCookie:
    """Return the cookie of sessions in windows of their own, or in frames of an organization's pages."""
    return SessionCookie(IN_FRAMES, base_of(org_id), for_frames=True) if org_id else SESSION


class PortalRoute(APIRoute):
    """A page for one customer: whose session it is comes first, then whether the form is ours.

    In a frame it is shown to pages of the session's origin only.
    """

    def get_route_handler(self) -> Handle:
        """Return the handler behind all that."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            request.scope[ROUTE] = f"{BASE}{self.path_format}"
            org_id = request.path_params.get("org_id")
            visitor = await _visitor(request, org_id)
            visit = await _begun(request, visitor) if visitor else None
            if visitor is None or visit is None:
                return await _over(request, org_id)
            try:
                response = await _answer(request, visit, handle)
            except FAULTS as error:
                response = refused(request, problem_of(error))
            if visitor.token is not None:
                cookie_of(org_id).keep(response, visitor.token)
            if visit.session.origin is not None:
                let_frame(response, [visit.session.origin])
            return response

        return checked


async def _answer(request: Request, visit: PortalVisit, handle: Handle) -> Response:
    for field, value in [*request.path_params.items(), *request.query_params.multi_items()]:
        check_storable(value, field)
    if request.method not in READS:
        await check_form(request, visit.session.csrf_token)
    return await handle(request)


async def _visitor(request: Request, org_id: str | None) -> PortalVisitor | None:
    token = cookie_of(org_id).token_in(request)
    if token is None or org_id not in (None, token.org_id):
        return None
    limiter = take_token(wrong_tokens(request), request)
    found = await services_of(request).repositories.portal_links.find_valid(token, datetime.now(UTC))
    if found is not None:
        limiter.return_token()
    return found if found is None or (found.session.origin is None) == (org_id is None) else None


async def _begun(request: Request, visitor: PortalVisitor) -> PortalVisit | None:
    try:
        visit = await begin_visit(request, visitor.session)
    except NotFound:
        return None
    origin = visit.session.origin
    return visit if origin is None or origin in visit.may.embed_origins else None


async def _over(request: Request, org_id: str | None) -> Response:
    why, token = "frame_over" if org_id else "session_over", SESSION.token_in(request)
    again = await request_address(request, token.org_id) if token and not org_id else None
    shown = {"why": why, "in_frame": bool(org_id), "request_address": again}
    response = page("over.html", asking(request), status=HTTPStatus.UNAUTHORIZED, **shown)
    cookie_of(org_id).drop(response)
    let_frame(response, await frame_origins(request, org_id) if org_id else ())
    return response


async def frame_origins(request: Request, org_id: str) -> tuple[str, ...]:
    """Return whose pages may frame an organization's portal; nobody's where there is no such organization."""
    try:
        return (await services_of(request).repositories.portal_settings.get(org_id)).embed_origins
    except NotFound:
        return ()
