"""Links into the customer portal."""

from http import HTTPStatus

from fastapi import APIRouter

from billflow.api.changes import ChangeHere, CustomerHere
from billflow.api.fields import SliceHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.portal import CreatedPortalLinkResponse, PortalLinkCreate, PortalLinkList

router = APIRouter(prefix="/customers/{customer_id}/portal-links", tags=["portal"], route_class=CheckedRoute)


@router.post("", status_code=HTTPStatus.CREATED)
async def make_portal_link(
    customer: CustomerHere, asked: PortalLinkCreate, services: ServicesHere, change: ChangeHere
) -> CreatedPortalLinkResponse:
    """Make a link that opens the customer's portal once; its address is shown this once."""
    made = await services.repositories.portal_links.create(customer, asked, change)
    url = f"{services.portal_url}/open?token={made.token.get_secret_value()}"
    return CreatedPortalLinkResponse(**made.record.model_dump(), url=url)


@router.get("")
async def list_portal_links(customer: CustomerHere, services: ServicesHere, part: SliceHere) -> PortalLinkList:
    """List a customer's links into the portal and their sessions, the newest first, until a day after their end."""
    return PortalLinkList.of(part.of(await services.repositories.portal_links.list(customer), "portal_link_id"))


@router.delete("/{portal_link_id}", status_code=HTTPStatus.NO_CONTENT)
async def revoke_portal_link(
    customer: CustomerHere, portal_link_id: str, services: ServicesHere, change: ChangeHere
) -> None:
    """Revoke a link; a session that it began ends with it."""
    await services.repositories.portal_links.revoke(customer, portal_link_id, change)
