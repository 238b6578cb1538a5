"""Suspending customers, letting them back in, closing their accounts, and what they may do meanwhile."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import ConfigDict, Field

from billflow.api.changes import change_by, ref_of
from billflow.api.customer_views import ActivatedResponse, DeactivatedResponse, SuspendedResponse
from billflow.api.fields import RequestModel
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.customer_access import AccessRecord

router = APIRouter(prefix="/customers/{customer_id}", tags=["customers"], route_class=CheckedRoute)


class StatusChangeCreate(RequestModel):
    """Why it is done, for the audit log."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "invoice 2026-114 unpaid"}]})

    reason: str | None = Field(None, max_length=2000)


WhyHere = Annotated[StatusChangeCreate | None, Body()]


@router.post("/suspend")
async def suspend_customer(
    customer_id: str, services: ServicesHere, principal: PrincipalHere, why: WhyHere = None
) -> SuspendedResponse:
    """Suspend a customer: nothing is charged from now on, and its data is kept."""
    change = change_by(principal, why.reason if why else None)
    return SuspendedResponse.of((await services.customers.suspend(ref_of(principal, customer_id), change)).customer)


@router.post("/activate")
async def activate_customer(
    customer_id: str, services: ServicesHere, principal: PrincipalHere, why: WhyHere = None
) -> ActivatedResponse:
    """Let a customer back in; its billing goes on, and nobody pays for suspended time."""
    change = change_by(principal, why.reason if why else None)
    customer, at = await services.customers.activate(ref_of(principal, customer_id), change)
    return ActivatedResponse(customer_id=customer.customer_id, status=customer.status, activated_at=at)


@router.post("/deactivate")
async def deactivate_customer(
    customer_id: str, services: ServicesHere, principal: PrincipalHere, why: WhyHere = None
) -> DeactivatedResponse:
    """Close a customer's account; refused while a plan is live or being bought."""
    change = change_by(principal, why.reason if why else None)
    customer, at = await services.customers.deactivate(ref_of(principal, customer_id), change)
    return DeactivatedResponse(customer_id=customer.customer_id, status=customer.status, deactivated_at=at)


@router.get("/access")
async def show_access(customer_id: str, services: ServicesHere, principal: PrincipalHere) -> AccessRecord:
    """Tell what a customer may do now: the effects of a suspension, the features of its tier, the seats left."""
    return await services.customers.access(ref_of(principal, customer_id))
