"""The portal as an application of its own, mounted beside the API."""

import time
from importlib.resources import files

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.staticfiles import StaticFiles

from billflow.api.rate_limits import RateLimiters
from billflow.api.services import Services
from billflow.domain.errors import NotFound
from billflow.models.contracts.access import Mode
from billflow.pages.headers import PageHeaders
from billflow.pages.problems import FAULTS, problem_of
from billflow.portal import action_pages, details, invoices, links, offers, overview, requests
from billflow.portal.pages import BASE, FRAMES
from billflow.portal.security import PortalRoute
from billflow.portal.visits import refused

IN_FRAMES = (overview.router, invoices.router, details.router, offers.router, action_pages.router)
"""The pages and forms that other pages may frame, by what they are about."""

ROUTERS = (links.router, requests.router, links.opened, *IN_FRAMES)
"""Every page and form."""


def portal_app(services: Services, mode: Mode) -> FastAPI:
    """Build the portal on *services*; it is no part of the documented API."""
    app = FastAPI(openapi_url=None, routes=[route for router in ROUTERS for route in router.routes])
    app.state.services, app.state.mode = services, mode
    app.state.wrong_tokens, app.state.link_requests = RateLimiters(time.monotonic), RateLimiters(time.monotonic)
    app.state.mailing = set()
    app.add_middleware(PageHeaders, base=BASE)
    for router in IN_FRAMES:
        app.include_router(router, prefix=FRAMES)
    app.mount("/static", StaticFiles(directory=str(files("billflow.portal") / "static")))
    app.include_router(_elsewhere, prefix=FRAMES)
    app.include_router(_elsewhere)
    for kind in FAULTS:
        app.add_exception_handler(kind, _refused)
    return app


_elsewhere = APIRouter(route_class=PortalRoute)


@_elsewhere.get("/{path:path}")
async def refuse_address(path: str) -> Response:
    """Say within the session, and so in its language, that there is no such page."""
    raise NotFound(f"There is no page {path!r}.", code="no_such_route")


async def _refused(request: Request, error: Exception) -> Response:
    return refused(request, problem_of(error))
