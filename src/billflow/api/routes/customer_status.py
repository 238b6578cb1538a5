"""Suspending customers, letting them back in, closing their accounts, and what they may do meanwhile."""

from billflow.api.changes import CustomerHere, ExplainedChange
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_access import AccessRecord
from billflow.models.contracts.customer_responses import ActivatedResponse, DeactivatedResponse, SuspendedResponse

router = api_router("customers", "/customers/{customer_id}")


@router.post("/suspend")
async def suspend_customer(
    customer: CustomerHere, services: ServicesHere, change: ExplainedChange
) -> SuspendedResponse:
    """Suspend a customer: nothing is charged from now on, and its data is kept."""
    return SuspendedResponse.of((await services.customers.suspend(customer, change)).customer)


@router.post("/activate")
async def activate_customer(
    customer: CustomerHere, services: ServicesHere, change: ExplainedChange
) -> ActivatedResponse:
    """Let a customer back in; its billing goes on, and nobody pays for suspended time."""
    changed, at = await services.customers.activate(customer, change)
    return ActivatedResponse(customer_id=changed.customer_id, status=changed.status, activated_at=at)


@router.post("/deactivate")
async def deactivate_customer(
    customer: CustomerHere, services: ServicesHere, change: ExplainedChange
) -> DeactivatedResponse:
    """Close a customer's account; refused while a plan is live or being bought."""
    changed, at = await services.customers.deactivate(customer, change)
    return DeactivatedResponse(customer_id=changed.customer_id, status=changed.status, deactivated_at=at)


@router.get("/access")
async def show_access(customer: CustomerHere, services: ServicesHere) -> AccessRecord:
    """Tell what a customer may do now: the effects of a suspension, the features of its tier, the seats left."""
    return await services.customers.access(customer)
