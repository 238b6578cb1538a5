"""What a plan is going to be: what a command would change and bill, and the invoices to come."""

from typing import Annotated

from fastapi import Body, Query
from pydantic import Field

from billflow.api.changes import PlanHere
from billflow.api.routers import api_router
from billflow.api.routes.plans import COMMANDS
from billflow.api.services import ServicesHere
from billflow.domain.commands import ScheduleTierAtPlanEnd, UpgradeTierNow
from billflow.domain.preview import MAX_FORECAST
from billflow.models.contracts.base import Command, RequestModel, RequestMoment
from billflow.models.contracts.previews import ForecastResponse, PreviewResponse

router = api_router("plans", "/plans")


class PreviewQuery(RequestModel):
    """When a command would be given; now where left out."""

    at: RequestMoment | None = None


@router.post("/{plan_id}/preview")
async def preview_plan(
    plan: PlanHere,
    services: ServicesHere,
    which: Annotated[PreviewQuery, Query()],
    command: Annotated[Command | None, Body(openapi_examples=COMMANDS)] = None,
) -> PreviewResponse:
    """Say what a command would change and bill, by the code that would do it; nothing is written.

    It takes what `/commands` takes; without a command it says what the moment `at` finds.
    """
    if isinstance(command, UpgradeTierNow | ScheduleTierAtPlanEnd):
        await services.check_tier(plan.org_id, command.tier)
    return PreviewResponse.of_preview(await services.plans.preview(plan, command, which.at))


@router.get("/{plan_id}/forecast")
async def forecast_plan(
    plan: PlanHere,
    services: ServicesHere,
    count: Annotated[int, Query(ge=1, le=MAX_FORECAST), Field(description="How many invoices.")] = 12,
) -> ForecastResponse:
    """List the invoices to come, if nothing changes."""
    return ForecastResponse.of_forecast(await services.plans.forecast(plan, count))
