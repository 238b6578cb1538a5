"""The parts of an onboarding. Each may run twice, and makes its thing once; a refusal is a result."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid5

from temporalio import activity

from billflow.activities.stripe_errors import retry_later
from billflow.domain import plan_start
from billflow.domain.errors import BillingError, NotFound
from billflow.errors import Unavailable
from billflow.models.contracts.customer_resources import ProjectCreate
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.onboarding import (
    OnboardingInput,
    OnboardingPart,
    OnboardingProgress,
    PartProgress,
    PartStatus,
    PlanPartResult,
    RemoveProjectInput,
    ReportPartInput,
)
from billflow.models.contracts.plans import StartPlanInput
from billflow.ports.customers import BillingAccountRepository, CustomerQueries, OnboardingRepository, ProjectRepository
from billflow.ports.invoices import InvoiceRepository
from billflow.ports.payments import PaymentGateway, PaymentsRejected, PaymentsUnavailable
from billflow.ports.plans import PlanRepository
from billflow.ports.test_clocks import TestClockRepository

Made = TypeVar("Made")


@dataclass(frozen=True)
class OnboardingActivities:
    """What a new customer is given, in our database and at Stripe."""

    onboardings: OnboardingRepository
    billing_accounts: BillingAccountRepository
    projects: ProjectRepository
    test_clocks: TestClockRepository
    customer_queries: CustomerQueries
    plans: PlanRepository
    invoices: InvoiceRepository
    gateway: PaymentGateway

    @activity.defn
    async def check_deployment(self, request: OnboardingInput) -> PartProgress:
        """Make sure that the customer runs on something."""
        customer = self.customer_queries.get(request.org_id, request.customer_id)
        return await _progress(OnboardingPart.DEPLOYMENT, customer, lambda found: found.deployment_id)

    @activity.defn
    async def check_account(self, request: OnboardingInput) -> PartProgress:
        """Make sure that there is an account to bill to."""
        accounts = self.billing_accounts.list(_ref(request))
        return await _progress(OnboardingPart.BILLING_ACCOUNT, accounts, lambda found: found[0].billing_account_id)

    @activity.defn
    async def make_stripe_customer(self, request: OnboardingInput) -> PartProgress:
        """Make the customer known to Stripe, once."""

        async def stripe_customer_id() -> str:
            payer = await self.billing_accounts.default_payer(_ref(request))
            made = await self.gateway.ensure_customer(payer)
            if payer.stripe_customer_id is None:
                await self.invoices.record_stripe_customer(payer, made)
            return made

        try:
            return await _progress(OnboardingPart.STRIPE_CUSTOMER, stripe_customer_id(), str)
        except PaymentsRejected as error:
            return _failed(OnboardingPart.STRIPE_CUSTOMER, error.reason, error.message)
        except PaymentsUnavailable as error:
            retry_later(error)

    @activity.defn
    async def make_project(self, request: OnboardingInput) -> PartProgress:
        """Make the first project; skipped where the customer has one that this onboarding did not make."""
        ours = uuid5(UUID(request.customer_id), request.at.isoformat())
        status = PartStatus.DONE

        async def project_id() -> str:
            nonlocal status
            if known := [project.project_id for project in await self.projects.list(_ref(request))]:
                status = PartStatus.DONE if str(ours) in known else PartStatus.SKIPPED
                return str(ours) if str(ours) in known else known[0]
            name = (await self.customer_queries.get(request.org_id, request.customer_id)).name
            wanted = request.options.project or ProjectCreate(name=name)
            made = await self.projects.create(_ref(request), wanted, _change(request), resource_id=ours)
            return made.project_id

        progress = await _progress(OnboardingPart.FIRST_PROJECT, project_id(), str)
        return progress if progress.status is PartStatus.FAILED else progress.model_copy(update={"status": status})

    @activity.defn
    async def start_plan(self, request: OnboardingInput) -> PlanPartResult:
        """Start the requested plan, once."""
        plan, clock_id = request.options.plan, request.options.test_clock_id
        if plan is None:
            return PlanPartResult(progress=PartProgress(part=OnboardingPart.TRIAL_PLAN, status=PartStatus.SKIPPED))
        try:
            at = (await self.test_clocks.get(request.org_id, clock_id)).now_at if clock_id else request.at
            start = StartPlanInput(
                org_id=request.org_id,
                customer_id=request.customer_id,
                idempotency_key=KeyNamespace.ONBOARDING.key(request.customer_id, request.at.isoformat()),
                actor=request.actor,
                start=plan,
                test_clock_id=clock_id,
                at=at,
            )
            result = await self.plans.start_plan(start, lambda facts: plan_start.start_plan(facts, plan, at))
        except Unavailable:
            raise
        except BillingError as error:
            return PlanPartResult(progress=_failed(OnboardingPart.TRIAL_PLAN, error.code, error.message))
        done = _done(OnboardingPart.TRIAL_PLAN, result.state.plan_id)
        return PlanPartResult(progress=done, state=result.state, invoices=result.invoices)

    @activity.defn
    async def remove_project(self, request: RemoveProjectInput) -> PartProgress:
        """Remove the first project; one that is gone already stays gone."""
        with contextlib.suppress(NotFound):
            await self.projects.delete(_ref(request), request.project_id, _change(request))
        return PartProgress(part=OnboardingPart.FIRST_PROJECT, status=PartStatus.UNDONE, at=_now())

    @activity.defn
    async def report_part(self, report: ReportPartInput) -> OnboardingProgress:
        """Record what came of a part."""
        return await self.onboardings.record_part(report)


async def _progress(part: OnboardingPart, made: Awaitable[Made], id_of: Callable[[Made], str]) -> PartProgress:
    try:
        return _done(part, id_of(await made))
    except (Unavailable, PaymentsRejected):
        raise
    except BillingError as error:
        return _failed(part, error.code, error.message)


def _done(part: OnboardingPart, result: str) -> PartProgress:
    return PartProgress(part=part, status=PartStatus.DONE, result=result, at=_now())


def _failed(part: OnboardingPart, code: str, message: str) -> PartProgress:
    return PartProgress(part=part, status=PartStatus.FAILED, code=code, message=message, at=_now())


def _ref(request: OnboardingInput) -> CustomerRef:
    return CustomerRef(org_id=request.org_id, customer_id=request.customer_id)


def _change(request: OnboardingInput) -> ChangeContext:
    return ChangeContext(actor=request.actor, at=request.at, reason="onboarding")


def _now() -> datetime:
    return datetime.now(UTC)
