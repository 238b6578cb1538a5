"""Onboarding one customer: what it runs on, what it pays from, its first project, and a plan where one is requested."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.activities.onboarding import OnboardingActivities
    from billflow.models.contracts.onboarding import (
        OnboardingInput,
        OnboardingPart,
        OnboardingProgress,
        OnboardingStatus,
        PartProgress,
        PartStatus,
        PlanPartResult,
        RemoveProjectInput,
        ReportPartInput,
    )
    from billflow.models.contracts.plans import PlanInput
    from billflow.temporal.workflow_starts import plan_workflow
    from billflow.workflows import external
    from billflow.workflows.activity_execution import SEND_WINDOW, Tolerated, at_stripe, in_database

HOLD_RETRY = timedelta(hours=1)
"""How often an onboarding on hold tries again by itself."""


@workflow.defn(name="OnboardingWorkflow")
class OnboardingWorkflow:
    """Takes the parts in their order; waits while Stripe can't be reached, removes its project where a rule says no."""

    @workflow.init
    def __init__(self, request: OnboardingInput) -> None:
        self._request = request
        self._status = OnboardingStatus.RUNNING
        self._parts = {part: PartProgress(part=part) for part in OnboardingPart}
        self._woken = False

    @workflow.run
    async def run(self, request: OnboardingInput) -> OnboardingProgress:
        """Onboard the customer; return how it ended."""
        if not (await self._checked() and await self._known_at_stripe() and await self._has_project()):
            return await self._give_up()
        if not await self._has_plan():
            return await self._give_up()
        return self.progress()

    @workflow.signal
    def retry(self) -> None:
        """Try again now, where the onboarding is on hold."""
        self._woken = True

    @workflow.query
    def progress(self) -> OnboardingProgress:
        """Return how far the onboarding has come."""
        return OnboardingProgress(
            customer_id=self._request.customer_id,
            status=self._status,
            parts=tuple(self._parts.values()),
            started_at=self._request.at,
        )

    async def _checked(self) -> bool:
        deployment = await in_database(OnboardingActivities.check_deployment, self._request, "what it runs on")
        if not await self._note(deployment):
            return False
        return await self._note(
            await in_database(OnboardingActivities.check_account, self._request, "what it pays from")
        )

    async def _known_at_stripe(self) -> bool:
        """Make the customer known to Stripe, for as long as that takes."""
        while not await self._note(await self._stripe_customer(), holds=True):
            await self._on_hold()
        return True

    async def _stripe_customer(self) -> PartProgress:
        with Tolerated("Stripe can't be reached", customer_id=self._request.customer_id):
            return await at_stripe(
                OnboardingActivities.make_stripe_customer, self._request, "make it known to Stripe", within=SEND_WINDOW
            )
        return PartProgress(
            part=OnboardingPart.STRIPE_CUSTOMER,
            status=PartStatus.FAILED,
            code="stripe_unavailable",
            message="Stripe can't be reached.",
            at=workflow.now(),
        )

    async def _on_hold(self) -> None:
        try:
            await workflow.wait_condition(lambda: self._woken, timeout=HOLD_RETRY, timeout_summary="try again")
        except TimeoutError:
            workflow.logger.info("trying again")
        self._woken = False

    async def _has_project(self) -> bool:
        return await self._note(
            await in_database(OnboardingActivities.make_project, self._request, "its first project")
        )

    async def _has_plan(self) -> bool:
        part: PlanPartResult = await in_database(OnboardingActivities.start_plan, self._request, "its plan")
        if part.state is not None:
            await external.start_workflow(plan_workflow(PlanInput(state=part.state, to_send=part.invoices)))
        return await self._note(part.progress, ends=True)

    async def _give_up(self) -> OnboardingProgress:
        """Remove what only this onboarding made; what a later one can use stays."""
        project = self._parts[OnboardingPart.FIRST_PROJECT]
        if project.status is PartStatus.DONE and project.result:
            undo = RemoveProjectInput(**self._request.model_dump(), project_id=project.result)
            self._status = OnboardingStatus.FAILED
            await self._note(await in_database(OnboardingActivities.remove_project, undo, "remove the project"))
        return self.progress()

    async def _note(self, progress: PartProgress, *, holds: bool = False, ends: bool = False) -> bool:
        """Record what came of a part; return whether to go on."""
        went_well = progress.status in (PartStatus.DONE, PartStatus.SKIPPED)
        if progress.status is PartStatus.FAILED:
            self._status = OnboardingStatus.ON_HOLD if holds else OnboardingStatus.FAILED
        elif went_well:
            self._status = OnboardingStatus.DONE if ends else OnboardingStatus.RUNNING
        self._parts[progress.part] = progress
        report = ReportPartInput(
            org_id=self._request.org_id, customer_id=self._request.customer_id, status=self._status, progress=progress
        )
        await in_database(OnboardingActivities.report_part, report, f"{progress.part}: {progress.status}")
        workflow.set_current_details(self._details())
        return went_well

    def _details(self) -> str:
        return "\n".join(f"- {part.part}: {part.status} {part.message or ''}" for part in self._parts.values())
