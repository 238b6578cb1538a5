"""The plan's workflow of other versions: one with a harmless change, and one that can't go on with any run."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.models.contracts.plans import PlanInput, PlanState

from billflow.workflows.plan import PlanWorkflow


@workflow.defn(name="PlanWorkflow")
class ChangedPlanWorkflow(PlanWorkflow):
    """Commands what it always did, and answers one more query."""

    @workflow.init
    def __init__(self, run: PlanInput) -> None:
        super().__init__(run)

    @workflow.run
    async def run(self, run: PlanInput) -> PlanState:
        return await super().run(run)

    @workflow.query
    def is_changed(self) -> bool:
        return True


@workflow.defn(name="PlanWorkflow")
class BrokenPlanWorkflow(PlanWorkflow):
    """Fails every task."""

    @workflow.init
    def __init__(self, run: PlanInput) -> None:
        super().__init__(run)

    @workflow.run
    async def run(self, run: PlanInput) -> PlanState:
        raise KeyError("a fault of this version")
