"""Workflow tasks that fail, and so whole workflows that stand still: found in the lists, and looked at one by one."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionResponse,
    GetWorkflowExecutionHistoryReverseRequest,
)
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from billflow.models.contracts.versions import LOST, PendingTask
from billflow.temporal.workflow_control import temporal_errors

FAILING: Final = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"
"""Finds workflows whose task failed or was lost several times in a row: five times, or as often as the server's setting
`system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute` says."""

MOST_FAILING = 100
"""So many workflows whose task fails are looked at one by one; the rest is counted."""

_PAGE = 1_000
_NEWEST = 20
"""Events that are looked through for how the last task ended; signals may have come since."""

_ENDED = (
    EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT,
)


@dataclass(frozen=True)
class WorkflowTasks:
    """The tasks that workflows wait for; raises `NoTemporalServer` where the server does not answer in time."""

    client: Client

    async def count_failing(self) -> int:
        """Count the running workflows of all organizations whose task fails, as the server notes them."""
        with temporal_errors():
            return (await self.client.count_workflows(FAILING)).count

    async def failing(self, org_id: str | None = None) -> tuple[PendingTask, ...]:
        """Return running workflows whose task fails, of an organization or of all, `MOST_FAILING` at most.

        What the server has noted is looked at again: a task that was lost with its worker is soon done by another.
        """
        query = FAILING if org_id is None else f"{FAILING} AND BillflowOrg = '{org_id}'"
        with temporal_errors():
            listed = [one.id async for one in self.client.list_workflows(query, limit=MOST_FAILING)]
        pending = await asyncio.gather(*map(self.pending, listed))
        return tuple(task for task in pending if task and task.fails)

    async def pending(self, workflow_id: str) -> PendingTask | None:
        """Return the task that a workflow waits for; None where it waits for none, or has ended."""
        described = await self._running(workflow_id)
        if described is None or not (attempt := described.pending_workflow_task.attempt):
            return None
        versioning = described.workflow_execution_info.versioning_info
        goes_to = versioning.version_transition if versioning.HasField("version_transition") else versioning
        build_id = goes_to.deployment_version.build_id or None
        fails = attempt > LOST or (attempt > 1 and await self._was_refused(workflow_id))
        return PendingTask(workflow_id=workflow_id, attempt=attempt, build_id=build_id, fails=fails)

    async def _was_refused(self, workflow_id: str) -> bool:
        """Tell whether a worker refused the workflow's last task, rather than that it was lost or done."""
        request = GetWorkflowExecutionHistoryReverseRequest(
            namespace=self.client.namespace,
            execution=WorkflowExecution(workflow_id=workflow_id),
            maximum_page_size=_NEWEST,
        )
        with temporal_errors():
            newest = await self.client.workflow_service.get_workflow_execution_history_reverse(request)
        ended = [event.event_type for event in newest.history.events if event.event_type in _ENDED]
        return ended[:1] == [EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED]

    async def running(self) -> dict[str, list[str]]:
        """Return the ids of all running workflows by their type."""
        found = defaultdict[str, list[str]](list)
        with temporal_errors():
            async for one in self.client.list_workflows("ExecutionStatus = 'Running'", page_size=_PAGE):
                found[one.workflow_type].append(one.id)
        return dict(found)

    async def _running(self, workflow_id: str) -> DescribeWorkflowExecutionResponse | None:
        try:
            with temporal_errors():
                found = await self.client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return None
        return found.raw_description if found.status is WorkflowExecutionStatus.RUNNING else None
