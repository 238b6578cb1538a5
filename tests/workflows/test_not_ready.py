"""A plan whose workflow's tasks get lost, as they do when workers die: whoever asks waits for the next worker."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueRequest, RespondWorkflowTaskFailedRequest
from temporalio.client import Client, WorkflowExecutionStatus

from billflow.domain.plan import PlanStatus
from billflow.temporal import updates
from billflow.temporal.queues import BILLFLOW
from billflow.temporal.worker import run_until
from billflow.wiring.workers import workers
from tests.environment import Environment, dev_server_environment

LOST = 3
"""From the third attempt at a task on the server refuses updates."""


@pytest.fixture
async def idle_env(env_database_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield an environment without workers."""
    async with dev_server_environment(temporal_server, env_database_url, working=False) as env:
        yield env


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Return what is set as soon as an update has been refused."""
    event, is_passing = asyncio.Event(), updates._is_passing

    def is_noted_and_passing(error: Exception) -> bool:
        event.set()
        return is_passing(error)

    monkeypatch.setattr(updates, "_is_passing", is_noted_and_passing)
    return event


async def attempt(client: Client) -> int:
    """Return at which attempt the task of the workflow is that runs, none where there is no workflow."""
    found = [client.get_workflow_handle(one.id) async for one in client.list_workflows()]
    described = [await handle.describe() for handle in found]
    running = [one for one in described if one.status is WorkflowExecutionStatus.RUNNING]
    return max((one.raw_description.pending_workflow_task.attempt for one in running), default=0)


async def lose_a_task(client: Client) -> None:
    """Take the next task of a workflow, and don't do it."""
    queue = TaskQueue(name=BILLFLOW)
    service, namespace = client.workflow_service, client.namespace
    task = await service.poll_workflow_task_queue(PollWorkflowTaskQueueRequest(namespace=namespace, task_queue=queue))
    cause = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE
    lost = RespondWorkflowTaskFailedRequest(namespace=namespace, task_token=task.task_token, cause=cause)
    await service.respond_workflow_task_failed(lost)


async def test_a_purchase_waits_while_its_workflow_is_not_ready(idle_env: Environment, refused: asyncio.Event) -> None:
    env = idle_env
    asked = await env.ask(await env.subscriber())
    buying = [asyncio.create_task(env.engine.plans.start(asked))]
    while await attempt(env.temporal) < LOST:
        await lose_a_task(env.temporal)
    buying.append(asyncio.create_task(env.engine.plans.start(asked)))
    await refused.wait()

    stop = asyncio.Event()
    working = asyncio.create_task(run_until(stop, workers(env.engine)))
    first, again = [(await one).state for one in buying]

    assert first.status is PlanStatus.ACTIVE
    assert again.plan_id == first.plan_id
    [plan] = await env.engine.queries.plans.running(env.org_id)
    assert plan.plan_id == first.plan_id
    stop.set()
    await working
