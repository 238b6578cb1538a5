"""Taking a new customer in, durably."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import Body
from pydantic import ConfigDict, Field

from billflow.api.changes import CustomerHere, change_by
from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.domain.catalog import Catalog, Hosting, Role
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customer_resources import ProjectCreate
from billflow.models.contracts.onboarding import OnboardingOptions, OnboardingProgress
from billflow.service.scopes import check_scopes

router = api_router("customers", "/customers/{customer_id}/onboard")


class OnboardingPlanCreate(RequestModel):
    """The plan to begin with: of the tier whose role is `default_trial`, for the days of its trial, unless named."""

    tier: str | None = Field(None, max_length=100)
    schedule: Schedule
    licenses: int | None = None
    license_management: LicenseManagement = LicenseManagement.AUTOMATIC
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    trial_days: int | None = None

    def start(self, catalog: Catalog, hosting: Hosting) -> StartPlan:
        """Return what is started from a catalogue; raises `InvalidInput` for a tier that is not there."""
        tier = catalog.tier(self.tier) if self.tier else catalog.in_role(Role.DEFAULT_TRIAL, hosting)
        days = tier.trial_days if self.trial_days is None else self.trial_days
        return StartPlan(**{**self.model_dump(), "tier": tier.code, "trial_days": days})


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
    asked, plan = asked or OnboardingCreate(), None
    if asked.plan:
        catalog = await services.repositories.catalogs.current(principal.org_id)
        hosting = (await services.queries.customers.get(principal.org_id, customer.customer_id)).hosting
        plan = asked.plan.start(catalog, hosting)
        # The days that the tier offers are for everybody; more are for support to grant.
        check_scopes(plan if asked.plan.trial_days else replace(plan, trial_days=0), principal.scopes)
    wishes = OnboardingOptions(project=asked.project, plan=plan, test_clock_id=asked.test_clock_id)
    return await services.customers.onboard(customer, wishes, change_by(principal))


@router.get("")
async def show_onboarding(customer: CustomerHere, services: ServicesHere) -> OnboardingProgress:
    """Show how far an onboarding has come, part by part."""
    return await services.repositories.onboardings.get(customer)
