"""A customer's settings: global ones, which its projects and their channels inherit."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from billflow.api.caller import CallerHere
from billflow.api.changes import change_by, ref_of
from billflow.api.customer_views import OwnSettings, SettingsChanged, SettingsShown
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_settings import CustomerSettings

router = APIRouter(prefix="/customers/{customer_id}/settings", tags=["customers"], route_class=CheckedRoute)

ResolvedHere = Annotated[bool, Query(description="Answer what holds here, and where each value comes from.")]


@router.get("")
async def show_settings(
    customer_id: str,
    services: ServicesHere,
    caller: CallerHere,
    *,
    resolved: ResolvedHere = False,
) -> SettingsShown:
    """Show a customer's settings."""
    found = await services.customer_books.settings(ref_of(caller, customer_id))
    return found if resolved else OwnSettings(settings=found.settings)


@router.put("")
async def merge_settings(
    customer_id: str, asked: CustomerSettings, services: ServicesHere, caller: CallerHere
) -> SettingsChanged:
    """Merge into a customer's settings: objects are merged, null takes a key away, anything else is replaced."""
    merged = await services.customer_books.merge_settings(ref_of(caller, customer_id), asked, change_by(caller))
    return SettingsChanged(settings=merged)


@router.delete("/{key}")
async def remove_setting(
    customer_id: str,
    key: Annotated[str, Path(max_length=500, examples=["features.max_projects"])],
    services: ServicesHere,
    caller: CallerHere,
) -> SettingsChanged:
    """Take one setting away, named by its dotted path, and answer the others."""
    left = await services.customer_books.remove_setting(ref_of(caller, customer_id), key, change_by(caller))
    return SettingsChanged(settings=left)
