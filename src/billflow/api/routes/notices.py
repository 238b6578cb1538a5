"""How many days ahead customers are told."""

from dataclasses import asdict

from billflow.api.changes import AdminChange
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.domain.notices import NoticeDays
from billflow.models.contracts.notices import NoticeSettings

router = api_router("notices", "/notices")


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
