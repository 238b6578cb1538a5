"""Taking one customer in: what it runs on, what it pays from, its first project, and a plan where one is wished for."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, WorkflowAlreadyStartedError, is_cancelled_exception
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from billflow.activities.onboarding import OnboardingActivities
    from billflow.models.contracts.onboarding import (
        OnboardingInput,
        OnboardingProgress,
        OnboardingStage,
        OnboardingStatus,
        PlanStage,
        StageProgress,
        StageReport,
        StageStatus,
        UndoProjectInput,
    )
    from billflow.models.contracts.plans import PlanRun, PlanState
    from billflow.temporal.ids import plan_workflow_id
    from billflow.workflows.calls import SEND_WINDOW, at_stripe, on_books
    from billflow.workflows.display import search_attributes
    from billflow.workflows.plan import PlanWorkflow

ON_HOLD_RETRY = timedelta(hours=1)
"""How often a on hold onboarding tries again by itself."""


@workflow.defn(name="OnboardingWorkflow")
class OnboardingWorkflow:
    """Takes the parts in their order; waits while Stripe can't be had, takes its project back where a rule says no."""

    @workflow.init
    def __init__(self, ask: OnboardingInput) -> None:
        self._ask = ask
        self._status = OnboardingStatus.RUNNING
        self._parts = {part: StageProgress(part=part) for part in OnboardingStage}
        self._woken = False

    @workflow.run
    async def run(self, ask: OnboardingInput) -> OnboardingProgress:
        """Take the customer in; return how it ended."""
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
            customer_id=self._ask.customer_id,
            status=self._status,
            parts=tuple(self._parts.values()),
            started_at=self._ask.at,
        )

    async def _checked(self) -> bool:
        deployment = await on_books(OnboardingActivities.check_deployment, self._ask, "what it runs on")
        if not await self._note(deployment):
            return False
        return await self._note(await on_books(OnboardingActivities.check_account, self._ask, "what it pays from"))

    async def _known_at_stripe(self) -> bool:
        """Make the customer known to Stripe, for as long as that takes."""
        while not await self._note(await self._ask_stripe(), holds=True):
            await self._on_hold()
        return True

    async def _ask_stripe(self) -> StageProgress:
        try:
            return await at_stripe(
                OnboardingActivities.make_stripe_customer, self._ask, "make it known to Stripe", within=SEND_WINDOW
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return StageProgress(
                part=OnboardingStage.STRIPE_CUSTOMER,
                status=StageStatus.FAILED,
                code="stripe_unavailable",
                message="Stripe can't be reached.",
                at=workflow.now(),
            )

    async def _on_hold(self) -> None:
        try:
            await workflow.wait_condition(
                lambda: self._woken, timeout=ON_HOLD_RETRY, timeout_summary="try the on hold onboarding again"
            )
        except TimeoutError:
            workflow.logger.info("trying again")
        self._woken = False

    async def _has_project(self) -> bool:
        return await self._note(await on_books(OnboardingActivities.make_project, self._ask, "its first project"))

    async def _has_plan(self) -> bool:
        part: PlanStage = await on_books(OnboardingActivities.start_plan, self._ask, "its plan")
        if part.state is not None:
            await self._run_plan(PlanRun(state=part.state, to_send=part.invoices))
        return await self._note(part.progress, ends=True)

    async def _run_plan(self, run: PlanRun) -> None:
        state: PlanState = run.state
        try:
            await workflow.start_child_workflow(
                PlanWorkflow.run,
                run,
                id=plan_workflow_id(state.plan_id),
                parent_close_policy=ParentClosePolicy.ABANDON,
                search_attributes=search_attributes(state),
                static_summary=f"{state.tier_name}, {state.schedule}",
            )
        except WorkflowAlreadyStartedError:
            workflow.logger.info("the plan runs already", extra={"plan_id": state.plan_id})

    async def _give_up(self) -> OnboardingProgress:
        """Take back what only this onboarding made; what a later one can use stays."""
        project = self._parts[OnboardingStage.FIRST_PROJECT]
        if project.status is StageStatus.DONE and project.result:
            ask = UndoProjectInput(**self._ask.model_dump(), project_id=project.result)
            self._status = OnboardingStatus.FAILED
            await self._note(await on_books(OnboardingActivities.remove_project, ask, "take the project back"))
        return self.progress()

    async def _note(self, progress: StageProgress, *, holds: bool = False, ends: bool = False) -> bool:
        """Write down what came of a part; return whether to go on."""
        went_well = progress.status in (StageStatus.DONE, StageStatus.SKIPPED)
        if progress.status is StageStatus.FAILED:
            self._status = OnboardingStatus.ON_HOLD if holds else OnboardingStatus.FAILED
        elif went_well:
            self._status = OnboardingStatus.DONE if ends else OnboardingStatus.RUNNING
        self._parts[progress.part] = progress
        report = StageReport(
            org_id=self._ask.org_id, customer_id=self._ask.customer_id, status=self._status, progress=progress
        )
        await on_books(OnboardingActivities.report_part, report, f"{progress.part}: {progress.status}")
        workflow.set_current_details(self._details())
        return went_well

    def _details(self) -> str:
        return "\n".join(f"- {part.part}: {part.status} {part.message or ''}" for part in self._parts.values())
