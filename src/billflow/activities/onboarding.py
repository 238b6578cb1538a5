"""The parts of taking a customer in. Each may run twice, and makes its thing once; a refusal is an answer."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from temporalio import activity
from temporalio.exceptions import ApplicationError

from billflow.domain import plan_start
from billflow.domain.errors import BillingError, NotFound
from billflow.errors import Unavailable
from billflow.models.contracts.customer_resources import NewProject
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.onboarding import (
    OnboardingInput,
    OnboardingProgress,
    OnboardingStage,
    PlanStage,
    StageProgress,
    StageReport,
    StageStatus,
    UndoProjectInput,
)
from billflow.models.contracts.plans import StartPlanInput
from billflow.ports.billing import Archive, Books, PaymentGateway, PaymentsRejected, PaymentsUnavailable, Registry
from billflow.ports.customers import CustomerBooks


@dataclass(frozen=True)
class OnboardingActivities:
    """What a new customer is given, in our records and at Stripe."""

    customers: CustomerBooks
    archive: Archive
    registry: Registry
    books: Books
    gateway: PaymentGateway

    @activity.defn
    async def check_deployment(self, ask: OnboardingInput) -> StageProgress:
        """Make sure that the customer runs on something."""

        async def deployment_id() -> str:
            return (await self.archive.customer(ask.org_id, ask.customer_id)).deployment_id

        return await _answer(OnboardingStage.DEPLOYMENT, deployment_id)

    @activity.defn
    async def check_account(self, ask: OnboardingInput) -> StageProgress:
        """Make sure that there is an account to bill to."""

        async def account_id() -> str:
            return (await self.customers.accounts(_ref(ask)))[0].billing_account_id

        return await _answer(OnboardingStage.BILLING_ACCOUNT, account_id)

    @activity.defn
    async def make_stripe_customer(self, ask: OnboardingInput) -> StageProgress:
        """Make the customer known to Stripe, once."""

        async def stripe_customer_id() -> str:
            payer = await self.customers.payer(_ref(ask))
            made = await self.gateway.ensure_customer(payer)
            if payer.stripe_customer_id is None:
                await self.books.record_stripe_customer(payer, made)
            return made

        try:
            return await _answer(OnboardingStage.STRIPE_CUSTOMER, stripe_customer_id)
        except PaymentsRejected as error:
            return _failed(OnboardingStage.STRIPE_CUSTOMER, error.reason, error.message)
        except PaymentsUnavailable as error:
            raise ApplicationError(
                error.message, type="PaymentsUnavailable", next_retry_delay=error.retry_after
            ) from error

    @activity.defn
    async def make_project(self, ask: OnboardingInput) -> StageProgress:
        """Make the first project; skipped where the customer has one that this onboarding did not make."""
        ours = uuid5(UUID(ask.customer_id), ask.at.isoformat())
        status = StageStatus.DONE

        async def project_id() -> str:
            nonlocal status
            if known := [project.project_id for project in await self.customers.projects(_ref(ask))]:
                status = StageStatus.DONE if str(ours) in known else StageStatus.SKIPPED
                return str(ours) if str(ours) in known else known[0]
            name = (await self.archive.customer(ask.org_id, ask.customer_id)).name
            wanted = ask.wishes.project or NewProject(name=name)
            made = await self.customers.add_project(_ref(ask), wanted, _change(ask), project_id=ours)
            return made.project_id

        answer = await _answer(OnboardingStage.FIRST_PROJECT, project_id)
        return answer if answer.status is StageStatus.FAILED else answer.model_copy(update={"status": status})

    @activity.defn
    async def start_plan(self, ask: OnboardingInput) -> PlanStage:
        """Start the plan that was wished for, once."""
        asked, clock_id = ask.wishes.plan, ask.wishes.test_clock_id
        if asked is None:
            return PlanStage(progress=StageProgress(part=OnboardingStage.TRIAL_PLAN, status=StageStatus.SKIPPED))
        try:
            at = (await self.registry.clock(ask.org_id, clock_id)).now_at if clock_id else ask.at
            start = StartPlanInput(
                org_id=ask.org_id,
                customer_id=ask.customer_id,
                key=f"onboarding/{ask.customer_id}/{ask.at.isoformat()}",
                actor=ask.actor,
                asked=asked,
                test_clock_id=clock_id,
                at=at,
            )
            result = await self.books.start_plan(start, lambda facts: plan_start.start_plan(facts, asked, at))
        except Unavailable:
            raise
        except BillingError as error:
            return PlanStage(progress=_failed(OnboardingStage.TRIAL_PLAN, error.code, error.message))
        done = _done(OnboardingStage.TRIAL_PLAN, result.state.plan_id)
        return PlanStage(progress=done, state=result.state, invoices=result.invoices)

    @activity.defn
    async def remove_project(self, ask: UndoProjectInput) -> StageProgress:
        """Take the first project back; gone already is gone."""
        with contextlib.suppress(NotFound):
            await self.customers.remove_project(_ref(ask), ask.project_id, _change(ask))
        return StageProgress(part=OnboardingStage.FIRST_PROJECT, status=StageStatus.UNDONE, at=_now())

    @activity.defn
    async def report_part(self, report: StageReport) -> OnboardingProgress:
        """Write down what came of a part."""
        return await self.customers.report_part(report)


async def _answer(part: OnboardingStage, make: Callable[[], Awaitable[str]]) -> StageProgress:
    try:
        return _done(part, await make())
    except (Unavailable, PaymentsRejected):
        raise
    except BillingError as error:
        return _failed(part, error.code, error.message)


def _done(part: OnboardingStage, result: str) -> StageProgress:
    return StageProgress(part=part, status=StageStatus.DONE, result=result, at=_now())


def _failed(part: OnboardingStage, code: str, message: str) -> StageProgress:
    return StageProgress(part=part, status=StageStatus.FAILED, code=code, message=message, at=_now())


def _ref(ask: OnboardingInput) -> CustomerRef:
    return CustomerRef(org_id=ask.org_id, customer_id=ask.customer_id)


def _change(ask: OnboardingInput) -> ChangeContext:
    return ChangeContext(actor=ask.actor, at=ask.at, reason="onboarding")


def _now() -> datetime:
    return datetime.now(UTC)
