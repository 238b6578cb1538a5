"""What is sold, in versions."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import Body

from billflow.api.changes import AdminChange, change_by
from billflow.api.fields import SliceHere
from billflow.api.principal import AdminHere, PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.catalog import (
    CatalogApply,
    CatalogDocument,
    CatalogResponse,
    CatalogVersionList,
    VersionNumber,
)
from billflow.models.contracts.catalog_changes import (
    CatalogDiff,
    PriceChangeCreate,
    PriceChangeList,
    PriceChangePreview,
    PriceChangeResponse,
    PriceChangeStartResponse,
    shown,
)

router = api_router("catalog", "/catalog")


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
async def list_versions(services: ServicesHere, principal: PrincipalHere, part: SliceHere) -> CatalogVersionList:
    """List every version that was applied, the newest first."""
    return CatalogVersionList.of(part.of(await services.repositories.catalogs.versions(principal.org_id), "version"))


@router.get("/versions/{version}")
async def show_version(version: VersionNumber, services: ServicesHere, principal: PrincipalHere) -> CatalogResponse:
    """Show what was sold by one version."""
    return CatalogResponse.of_version(*await services.repositories.catalogs.version(principal.org_id, version))


@router.post("/diff")
async def diff_catalog(
    asked: Annotated[CatalogDocument, Body()], services: ServicesHere, principal: AdminHere
) -> CatalogDiff:
    """Say what a catalogue would change, and which plans' next invoice, with its amounts; nothing is written."""
    return await services.catalog.diff(principal.org_id, asked)


@router.post("/price-changes/preview")
async def preview_price_change(
    asked: Annotated[PriceChangeCreate, Body()], services: ServicesHere, principal: AdminHere
) -> PriceChangePreview:
    """List the plans that a price change would reach, each with its amounts and its renewal; nothing is written."""
    found = await services.repositories.price_changes.preview(principal.org_id, asked, datetime.now(UTC))
    return PriceChangePreview(plans=found)


@router.post("/price-changes", status_code=HTTPStatus.CREATED)
async def announce_price_change(
    asked: Annotated[PriceChangeCreate, Body()], services: ServicesHere, principal: AdminHere
) -> PriceChangeStartResponse:
    """Give the plans of a tier the price that is listed, at their first renewal after a date and a notice.

    Each is told by the event `plan.price_change_announced`, its customer by mail. Plans with an agreed or fixed
    price stay as they are.
    """
    change = change_by(principal, asked.reason)
    record, plans = await services.pricing.announce(principal.org_id, asked, change)
    return PriceChangeStartResponse(price_change=shown(record), plans=plans)


@router.get("/price-changes")
async def list_price_changes(services: ServicesHere, principal: PrincipalHere, part: SliceHere) -> PriceChangeList:
    """List the price changes that were announced, the newest first."""
    found = await services.repositories.price_changes.list(principal.org_id)
    return PriceChangeList.of(part.of(found, "price_change_id"))


@router.delete("/price-changes/{price_change_id}")
async def withdraw_price_change(
    price_change_id: str, services: ServicesHere, principal: AdminHere, change: AdminChange
) -> PriceChangeResponse:
    """Let the plans that still have their price keep it; each is told by the event `plan.price_change_withdrawn`."""
    record = await services.repositories.price_changes.withdraw(principal.org_id, price_change_id, change)
    return shown(record)
