"""Taking a new customer in, durably."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import ConfigDict, Field

from billflow.api.changes import CustomerHere, change_by
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customer_resources import ProjectCreate
from billflow.models.contracts.onboarding import OnboardingOptions, OnboardingProgress
from billflow.service.scopes import check_scopes

router = APIRouter(prefix="/customers/{customer_id}/onboard", tags=["customers"], route_class=CheckedRoute)


class OnboardingPlanCreate(RequestModel):
    """The plan to begin with: a trial, unless `trial_days` is 0."""

    tier: str = Field(max_length=100)
    schedule: Schedule
    licenses: int | None = None
    license_management: LicenseManagement = LicenseManagement.AUTOMATIC
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    trial_days: int = 30


class OnboardingCreate(RequestModel):
    """What the customer is to begin with; without a `plan` none is started, the project is named after it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"project": {"name": "Sales"}, "plan": {"tier": "cloud_standard", "schedule": "monthly"}}]
        }
    )

    project: ProjectCreate | None = None
    plan: OnboardingPlanCreate | None = None
    test_clock_id: str | None = Field(None, max_length=100)

    def wishes(self) -> OnboardingOptions:
        """Return what is wished for; raises `InvalidInput`."""
        plan = StartPlan(**self.plan.model_dump()) if self.plan else None
        return OnboardingOptions(project=self.project, plan=plan, test_clock_id=self.test_clock_id)


@router.post("", status_code=HTTPStatus.ACCEPTED)
async def onboard_customer(
    customer: CustomerHere,
    services: ServicesHere,
    principal: PrincipalHere,
    asked: Annotated[OnboardingCreate | None, Body()] = None,
) -> OnboardingProgress:
    """Begin to take a customer in, and answer how far it has come; an onboarding on hold is tried again at once.

    It gets a Stripe customer, a first project and the plan that is wished for. Ask for the progress with GET.
    """
    wishes = (asked or OnboardingCreate()).wishes()
    if wishes.plan:
        await services.check_tier(principal.org_id, wishes.plan.tier)
        check_scopes(wishes.plan, principal.scopes)
    return await services.customers.onboard(customer, wishes, change_by(principal))


@router.get("")
async def show_onboarding(customer: CustomerHere, services: ServicesHere) -> OnboardingProgress:
    """Show how far an onboarding has come, part by part."""
    return await services.repositories.onboardings.get(customer)
