"""What is sold, in versions."""

from typing import Annotated

from fastapi import APIRouter, Body

from billflow.api.changes import change_by
from billflow.api.principal import AdminHere, PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.catalog import CatalogApply, CatalogResponse, CatalogVersionList

router = APIRouter(prefix="/catalog", tags=["catalog"], route_class=CheckedRoute)


@router.get("")
async def show_catalog(services: ServicesHere, principal: PrincipalHere) -> CatalogResponse:
    """Show what is sold: tiers with their prices, minimums and features. Version 0 sells nothing yet."""
    return CatalogResponse.of_version(*await services.repositories.catalogs.version(principal.org_id))


@router.put("")
async def apply_catalog(
    asked: Annotated[CatalogApply, Body()], services: ServicesHere, principal: AdminHere
) -> CatalogResponse:
    """Sell from this catalogue from now on; plans that run keep their price.

    Refused is what can't be sold, and a catalogue without something that plans need; nothing is applied then.
    """
    change = change_by(principal, asked.reason)
    version = await services.repositories.catalogs.apply(principal.org_id, asked.document, change)
    return CatalogResponse.of_version(version, asked.document)


@router.get("/versions")
async def list_versions(services: ServicesHere, principal: PrincipalHere) -> CatalogVersionList:
    """List every version that was applied, the newest first."""
    return CatalogVersionList(versions=await services.repositories.catalogs.versions(principal.org_id))


@router.get("/versions/{version}")
async def show_version(version: int, services: ServicesHere, principal: PrincipalHere) -> CatalogResponse:
    """Show what was sold by one version."""
    return CatalogResponse.of_version(*await services.repositories.catalogs.version(principal.org_id, version))
