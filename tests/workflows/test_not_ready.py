"""A plan whose workflow's tasks get lost, as they do when workers die: whoever asks waits for the next worker."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from billflow.domain.plan import PlanStatus
from billflow.models.contracts.plans import PlanInput
from billflow.temporal.queues import BILLFLOW
from billflow.temporal.worker import run_until
from billflow.wiring.workers import workers
from tests.api_environment import until
from tests.environment import Environment, dev_server_environment

LOST = 3
"""From the third attempt at a task on the server refuses updates."""


@workflow.defn(name="PlanWorkflow", sandboxed=False)
class LosesEveryTask:
    """A plan on a worker that takes none of its tasks to the end."""

    @workflow.run
    async def run(self, run: PlanInput) -> None:
        """Fail the task, not the workflow."""
        raise RuntimeError("lost")


@pytest.fixture
async def idle_env(env_database_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield an environment without workers."""
    async with dev_server_environment(temporal_server, env_database_url, working=False) as env:
        yield env


async def plain_client(env: Environment) -> Client:
    """Return a client of the environment's namespace whose workers run any workflow."""
    return await Client.connect(
        env.temporal.service_client.config.target_host,
        namespace=env.temporal.namespace,
        data_converter=env.temporal.data_converter,
    )


async def attempts(client: Client) -> list[int]:
    """Return at which attempt the task of each running workflow is."""
    found = [client.get_workflow_handle(one.id) async for one in client.list_workflows()]
    described = [await handle.describe() for handle in found]
    running = [one for one in described if one.status is WorkflowExecutionStatus.RUNNING]
    return [one.raw_description.pending_workflow_task.attempt for one in running]


async def test_a_purchase_waits_while_its_workflow_is_not_ready(idle_env: Environment) -> None:
    env, client = idle_env, await plain_client(idle_env)
    customer = await env.subscriber()

    async def is_lost() -> bool:
        return max(await attempts(client), default=0) >= LOST

    async with Worker(client, task_queue=BILLFLOW, workflows=[LosesEveryTask]):
        buying = asyncio.create_task(env.plan(customer))
        await until(is_lost)
    stop = asyncio.Event()
    working = asyncio.create_task(run_until(stop, workers(env.engine)))

    assert (await buying).status is PlanStatus.ACTIVE
    assert len(await env.plans(customer)) == 1
    stop.set()
    await working
