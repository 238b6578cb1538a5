"""What customers may do in the portal by themselves."""

from billflow.api.changes import AdminChange
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.portal import PortalSettings

router = api_router("portal", "/portal")


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
