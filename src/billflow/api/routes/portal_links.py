"""Links into the customer portal."""

from http import HTTPStatus
from uuid import uuid4

from billflow.api.changes import ChangeHere, CustomerHere
from billflow.api.fields import SliceHere
from billflow.api.requests import SecretRoute
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.mail import MailRecord
from billflow.models.contracts.mail_responses import MailResponse
from billflow.models.contracts.portal import (
    CreatedPortalLinkResponse,
    PortalLinkCreate,
    PortalLinkList,
    PortalLinkMail,
)

_PATH = "/customers/{customer_id}/portal-links"

router = api_router("portal")
_secrets = api_router("portal", route_class=SecretRoute)


@_secrets.post(_PATH, status_code=HTTPStatus.CREATED)
async def make_portal_link(
    customer: CustomerHere, asked: PortalLinkCreate, services: ServicesHere, change: ChangeHere
) -> CreatedPortalLinkResponse:
    """Make a link that opens the customer's portal once; its address is shown this once.

    With an `origin` it is the address of a frame in pages of that origin. Sent again, it makes another link.
    """
    made = await services.repositories.portal_links.create(customer, asked, change)
    token, org_id = made.token.get_secret_value(), customer.org_id
    page = f"open?token={token}" if asked.origin is None else f"embedded/{org_id}/open#{token}"
    url = f"{services.portal_url}/{page}"
    return CreatedPortalLinkResponse(**made.record.model_dump(), url=url)


router.routes.extend(_secrets.routes)


@router.post(f"{_PATH}/mail", status_code=HTTPStatus.CREATED, response_model=MailResponse)
async def mail_portal_link(
    customer: CustomerHere, services: ServicesHere, asked: PortalLinkMail | None = None
) -> MailRecord:
    """Mail a link to where the customer's invoices go; it opens the portal once, within a day of being sent or more."""
    days = asked.expires_in_days if asked else None
    return await services.portal.mail_link(customer, f"sent/{uuid4().hex}", days=days)


@router.get(_PATH)
async def list_portal_links(customer: CustomerHere, services: ServicesHere, part: SliceHere) -> PortalLinkList:
    """List a customer's links into the portal and their sessions, the newest first, until a day after their end."""
    return PortalLinkList.of(part.of(await services.repositories.portal_links.list(customer), "portal_link_id"))


@router.delete(f"{_PATH}/{{portal_link_id}}", status_code=HTTPStatus.NO_CONTENT)
async def revoke_portal_link(
    customer: CustomerHere, portal_link_id: str, services: ServicesHere, change: ChangeHere
) -> None:
    """Revoke a link; a session that it began ends with it."""
    await services.repositories.portal_links.revoke(customer, portal_link_id, change)
