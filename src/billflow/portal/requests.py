"""Asking for a new link by mail: the answer tells nobody whose address is known here."""

import asyncio
from datetime import UTC, datetime

import structlog
from fastapi import APIRouter, Request, Response

from billflow.api.services import Services, ServicesHere, services_of
from billflow.domain.errors import NotFound
from billflow.models.contracts.documents import Seller
from billflow.pages.forms import FormHere, check_origin
from billflow.pages.sessions import address_of
from billflow.portal.pages import BASE, asking, page

REQUESTS_RATE = 0.5
"""Links per second that one address may ask for, whoever they are for."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_REQUEST = "/request/{org_id}"

router = APIRouter()


@router.get(_REQUEST)
async def show_request(request: Request, services: ServicesHere, org_id: str) -> Response:
    """Show where a new link is asked for; raises `NotFound` where the organization mails none."""
    return _page(request, org_id, await _seller(services, org_id))


@router.post(_REQUEST)
async def request_link(request: Request, services: ServicesHere, org_id: str, form: FormHere) -> Response:
    """Mail a link to whose address it is, if there is somebody; answered the same, and as soon, in any case."""
    check_origin(request)
    seller, email = await _seller(services, org_id), form.get("email", "").strip()
    request.app.state.link_requests.take(address_of(request), REQUESTS_RATE, "This address asks too often")
    mailing: set[asyncio.Task[None]] = request.app.state.mailing
    task = asyncio.create_task(services.portal.request_link(org_id, email, datetime.now(UTC)))
    mailing.add(task)
    task.add_done_callback(mailing.discard)
    task.add_done_callback(_note)
    return _page(request, org_id, seller, is_sent=True)


async def request_address(request: Request, org_id: str | None) -> str | None:
    """Return where a new link is asked for, None where nobody says of which organization, or that mails none."""
    try:
        await _seller(services_of(request), org_id or "")
    except NotFound:
        return None
    return f"{BASE}{_REQUEST.format(org_id=org_id)}"


def _note(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("a link into the portal was not mailed", exc_info=error)


async def _seller(services: Services, org_id: str) -> Seller:
    if not (await services.repositories.portal_settings.get(org_id)).request_links:
        raise NotFound("No links are mailed from here.", code="no_such_route")
    return await services.repositories.sellers.printed(org_id, None, is_issued=False)


def _page(request: Request, org_id: str, seller: Seller, *, is_sent: bool = False) -> Response:
    address = f"{BASE}{_REQUEST.format(org_id=org_id)}"
    return page("request.html", asking(request), seller=seller, address=address, is_sent=is_sent)
