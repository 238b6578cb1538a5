"""How what is billed is taxed, in versions."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Body

from billflow.api.changes import change_by
from billflow.api.principal import AdminHere, PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.tax_rates import TaxApply, TaxDiff, TaxDocument, TaxResponse

router = api_router("tax", "/tax")


@router.get("")
async def show_tax(services: ServicesHere, principal: PrincipalHere) -> TaxResponse:
    """Show how invoices are taxed by the newest version, and all versions. Version 0 is before the first."""
    return await services.repositories.taxes.get(principal.org_id, datetime.now(UTC))


@router.put("")
async def apply_tax(asked: Annotated[TaxApply, Body()], services: ServicesHere, principal: AdminHere) -> TaxResponse:
    """Tax so the invoices that are dated from its first day on; those that are made stay as they are."""
    change = change_by(principal, asked.reason)
    return await services.repositories.taxes.apply(principal.org_id, asked, change)


@router.post("/diff")
async def diff_tax(asked: Annotated[TaxDocument, Body()], services: ServicesHere, principal: AdminHere) -> TaxDiff:
    """Say what this would change, and which plans' next invoice, with its amounts; nothing is written."""
    return await services.taxes.diff(principal.org_id, asked)
