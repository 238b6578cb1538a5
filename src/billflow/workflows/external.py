"""How workflows start and signal one another."""

from temporalio import workflow
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from billflow.temporal.workflow_starts import WorkflowStart
    from billflow.workflows.activity_execution import Tolerated


async def start_workflow(other: WorkflowStart) -> bool:
    """Start a workflow that outlives this one; tell whether it did not run yet."""
    try:
        await workflow.start_child_workflow(
            other.workflow,
            other.argument,
            id=other.workflow_id,
            task_queue=other.task_queue,
            parent_close_policy=ParentClosePolicy.ABANDON,
            search_attributes=other.search_attributes,
            static_summary=other.summary,
            priority=other.priority,
        )
    except WorkflowAlreadyStartedError:
        workflow.logger.info("a workflow runs already", extra={"started": other.workflow_id})
        return False
    return True


async def run_workflow(other: WorkflowStart) -> None:
    """Start a workflow and wait for its end; raises `FailureError` where it fails, or runs already."""
    await workflow.execute_child_workflow(
        other.workflow,
        other.argument,
        id=other.workflow_id,
        task_queue=other.task_queue,
        search_attributes=other.search_attributes,
        static_summary=other.summary,
        priority=other.priority,
    )


async def signal_workflow(workflow_id: str, name: str, *args: object) -> None:
    """Signal a workflow that may be gone."""
    with Tolerated("a workflow is gone", signalled=workflow_id):
        await workflow.get_external_workflow_handle(workflow_id).signal(name, args=args)
