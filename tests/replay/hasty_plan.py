"""A plan's workflow as somebody might change it without thinking of the plans that run."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from billflow.models.contracts.plans import PlanInput, PlanState

from billflow.workflows.plan import PlanWorkflow


@workflow.defn(name="PlanWorkflow")
class HastyPlanWorkflow(PlanWorkflow):
    """Takes a breath before it begins, which nobody's history knows."""

    @workflow.init
    def __init__(self, run: PlanInput) -> None:
        super().__init__(run)

    @workflow.run
    async def run(self, run: PlanInput) -> PlanState:
        await workflow.sleep(timedelta(seconds=1), summary="a breath")
        return await super().run(run)
