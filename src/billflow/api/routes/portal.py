"""What customers may do in the portal by themselves."""

from fastapi import APIRouter

from billflow.api.changes import AdminChange
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.portal import PortalSettings

router = APIRouter(prefix="/portal", tags=["portal"], route_class=CheckedRoute)


@router.get("")
async def show_portal(services: ServicesHere, principal: PrincipalHere) -> PortalSettings:
    """Show what customers may do in the portal."""
    return await services.repositories.portal_settings.get(principal.org_id)


@router.put("")
async def set_portal(
    asked: PortalSettings, services: ServicesHere, principal: PrincipalHere, change: AdminChange
) -> PortalSettings:
    """Set what customers may do in the portal, also in sessions that have begun; what is left out is allowed."""
    return await services.repositories.portal_settings.set(principal.org_id, asked, change)
