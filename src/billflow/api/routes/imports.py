"""Moving in from another billing system."""

from billflow.api.changes import AdminChange
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.imports import ImportCreate, ImportResponse

router = api_router("imports", "/imports")


@router.post("")
async def import_customers(
    asked: ImportCreate, services: ServicesHere, principal: PrincipalHere, change: AdminChange
) -> ImportResponse:
    """Import up to a hundred customers with their plans, each whole or not at all; with `check` write nothing.

    What was imported before, by its external id, stays as it is.
    """
    return ImportResponse(records=await services.imports.take(principal.org_id, asked, change))
