"""How unpaid invoices are collected."""

from billflow.api.changes import change_by
from billflow.api.principal import AdminHere, PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.dunning_policy import DunningResponse, DunningUpdate

router = api_router("dunning", "/dunning")


@router.get("")
async def show_dunning(services: ServicesHere, principal: PrincipalHere) -> DunningResponse:
    """Show what follows from an unpaid invoice: retries, reminders, suspension, the plan's end."""
    return DunningResponse.of(await services.repositories.dunning.policy(principal.org_id))


@router.patch("")
async def update_dunning(asked: DunningUpdate, services: ServicesHere, principal: AdminHere) -> DunningResponse:
    """Change parts of the policy, null leaving a part out; collections that run keep the one they began with."""
    change = change_by(principal, asked.reason)
    return DunningResponse.of(await services.repositories.dunning.change_policy(principal.org_id, asked.named, change))
