"""A customer's settings: global ones, which its projects and their channels inherit."""

from typing import Annotated

from fastapi import Path, Query

from billflow.api.changes import ChangeHere, CustomerHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_responses import AnySettingsResponse, OwnSettingsResponse, SettingsResponse
from billflow.models.contracts.customer_settings import CustomerSettings

router = api_router("customers", "/customers/{customer_id}/settings")

ResolvedHere = Annotated[bool, Query(description="Answer what holds here, and where each value comes from.")]


@router.get("")
async def show_settings(
    customer: CustomerHere, services: ServicesHere, *, resolved: ResolvedHere = False
) -> AnySettingsResponse:
    """Show a customer's settings."""
    found = await services.repositories.settings.get(customer)
    return found if resolved else OwnSettingsResponse(settings=found.settings)


@router.put("")
async def update_settings(
    customer: CustomerHere, asked: CustomerSettings, services: ServicesHere, change: ChangeHere
) -> SettingsResponse:
    """Merge into a customer's settings: objects are merged, null takes a key away, anything else is replaced."""
    return SettingsResponse(settings=await services.repositories.settings.merge(customer, asked, change))


@router.delete("/{key}")
async def remove_setting(
    customer: CustomerHere,
    key: Annotated[str, Path(max_length=500, examples=["features.max_projects"])],
    services: ServicesHere,
    change: ChangeHere,
) -> SettingsResponse:
    """Take one setting away, named by its dotted path, and answer the others."""
    return SettingsResponse(settings=await services.repositories.settings.remove(customer, key, change))
