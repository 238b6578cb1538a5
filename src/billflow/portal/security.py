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
from billflow.api.requests import check_storable
from billflow.api.services import services_of
from billflow.domain.errors import NotFound
from billflow.models.contracts.portal import PortalVisitor
from billflow.pages.forms import check_form
from billflow.pages.problems import FAULTS, problem_of
from billflow.pages.sessions import SessionCookie, take_token
from billflow.portal.pages import BASE, asking, page
from billflow.portal.visits import PortalVisit, begin_visit, refused

SESSION = SessionCookie("billflow_portal", BASE)

Handle = Callable[[Request], Coroutine[Any, Any, Response]]


def wrong_tokens(request: Request) -> RateLimiters:
    """Return what counts tokens that are looked up."""
    return cast("RateLimiters", request.app.state.wrong_tokens)


class PortalRoute(APIRoute):
    """A page for one customer: whose session it is comes first, then whether the form is ours."""

    def get_route_handler(self) -> Handle:
        """Return the handler behind all that."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            request.scope[ROUTE] = f"{BASE}{self.path_format}"
            visitor = await _visitor(request)
            visit = await _begun(request, visitor) if visitor else None
            if visitor is None or visit is None:
                return _over(request)
            try:
                response = await _answer(request, visit, handle)
            except FAULTS as error:
                response = refused(request, problem_of(error))
            if visitor.token is not None:
                SESSION.keep(response, visitor.token)
            return response

        return checked


async def _answer(request: Request, visit: PortalVisit, handle: Handle) -> Response:
    for field, value in [*request.path_params.items(), *request.query_params.multi_items()]:
        check_storable(value, field)
    if request.method not in READS:
        await check_form(request, visit.session.csrf_token)
    return await handle(request)


async def _visitor(request: Request) -> PortalVisitor | None:
    token = SESSION.token_in(request)
    if token is None:
        return None
    limiter = take_token(wrong_tokens(request), request)
    found = await services_of(request).repositories.portal_links.find_valid(token, datetime.now(UTC))
    if found is not None:
        limiter.return_token()
    return found


async def _begun(request: Request, visitor: PortalVisitor) -> PortalVisit | None:
    try:
        return await begin_visit(request, visitor.session)
    except NotFound:
        return None


def _over(request: Request) -> Response:
    response = page("over.html", asking(request), status=HTTPStatus.UNAUTHORIZED, why="session_over")
    SESSION.drop(response)
    return response
