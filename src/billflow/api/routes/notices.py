"""How many days ahead customers are told."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from billflow.api.changes import AdminChange
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.domain.notices import MOST_DAYS, NoticeDays
from billflow.models.contracts.base import RequestModel

router = APIRouter(prefix="/notices", tags=["notices"], route_class=CheckedRoute)

Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]


class NoticeSettings(RequestModel):
    """Days before a trial ends, an invoice is made, and a plan renews for a year; 0 is never."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"trial_will_end": 3, "invoice_upcoming": 7, "plan_will_renew": 30}]}
    )

    trial_will_end: Days = 3
    invoice_upcoming: Days = 7
    plan_will_renew: Days = 30


@router.get("")
async def show_notices(services: ServicesHere, principal: PrincipalHere) -> NoticeSettings:
    """Show how many days ahead customers are told, by event and by mail."""
    return NoticeSettings(**asdict(await services.repositories.notices.days(principal.org_id)))


@router.put("")
async def set_notices(
    asked: NoticeSettings, services: ServicesHere, principal: PrincipalHere, change: AdminChange
) -> NoticeSettings:
    """Set how many days ahead customers are told; what was told already is not told again."""
    days = NoticeDays(**asked.model_dump())
    return NoticeSettings(**asdict(await services.repositories.notices.set_days(principal.org_id, days, change)))
