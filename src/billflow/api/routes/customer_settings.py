"""A customer's settings: global ones, which its projects and their channels inherit."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from billflow.api.changes import change_by, ref_of
from billflow.api.customer_views import AnySettingsResponse, OwnSettingsResponse, SettingsResponse
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_settings import CustomerSettings

router = APIRouter(prefix="/customers/{customer_id}/settings", tags=["customers"], route_class=CheckedRoute)

ResolvedHere = Annotated[bool, Query(description="Answer what holds here, and where each value comes from.")]


@router.get("")
async def show_settings(
    customer_id: str,
    services: ServicesHere,
    principal: PrincipalHere,
    *,
    resolved: ResolvedHere = False,
) -> AnySettingsResponse:
    """Show a customer's settings."""
    found = await services.repositories.settings.get(ref_of(principal, customer_id))
    return found if resolved else OwnSettingsResponse(settings=found.settings)


@router.put("")
async def update_settings(
    customer_id: str, asked: CustomerSettings, services: ServicesHere, principal: PrincipalHere
) -> SettingsResponse:
    """Merge into a customer's settings: objects are merged, null takes a key away, anything else is replaced."""
    merged = await services.repositories.settings.merge(ref_of(principal, customer_id), asked, change_by(principal))
    return SettingsResponse(settings=merged)


@router.delete("/{key}")
async def remove_setting(
    customer_id: str,
    key: Annotated[str, Path(max_length=500, examples=["features.max_projects"])],
    services: ServicesHere,
    principal: PrincipalHere,
) -> SettingsResponse:
    """Take one setting away, named by its dotted path, and answer the others."""
    left = await services.repositories.settings.remove(ref_of(principal, customer_id), key, change_by(principal))
    return SettingsResponse(settings=left)
