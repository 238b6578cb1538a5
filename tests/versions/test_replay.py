"""What runs now is replayed with the code of a version before it is given the work."""

from collections.abc import AsyncIterator

import pytest

from billflow.service.replay import Replay
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.workflow_tasks import WorkflowTasks
from billflow.wiring.workers import ALL_WORKFLOWS
from billflow.workflows.plan import PlanWorkflow
from tests.api_environment import until
from tests.databases import migrated_database
from tests.environment import BY_INVOICE, Environment, dev_server_environment
from tests.replay.hasty_plan import HastyPlanWorkflow

RUNNING = 3


@pytest.fixture
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield an environment in which some plans wait, and their invoices are open."""
    async with dev_server_environment(temporal_server, await migrated_database(postgres_url)) as env:
        tasks = WorkflowTasks(env.temporal)
        for _ in range(RUNNING):
            await env.plan(await env.subscriber(), BY_INVOICE)

        async def all_are_listed() -> bool:
            running = await tasks.running()
            return all(len(running.get(kind, ())) == RUNNING for kind in ("PlanWorkflow", "CollectionWorkflow"))

        await until(all_are_listed)
        yield env


async def test_a_version_is_told_which_runs_it_can_not_go_on_with(env: Environment) -> None:
    tasks, hasty = WorkflowTasks(env.temporal), [one for one in ALL_WORKFLOWS if one is not PlanWorkflow]

    ours = await Replay(tasks, ALL_WORKFLOWS, billflow_plugin()).sample(100)
    changed = await Replay(tasks, [HastyPlanWorkflow, *hasty], billflow_plugin()).sample(2)

    counts = {one.workflow_type: (one.replayed, one.running) for one in ours.types}
    assert counts["PlanWorkflow"] == counts["CollectionWorkflow"] == (RUNNING, RUNNING)
    assert ours.failures == ()
    assert [(one.replayed, one.running) for one in changed.types if one.workflow_type == "PlanWorkflow"] == [(2, 3)]
    assert len(changed.failures) == 2
    assert all(one.workflow_id.startswith("plan/") and "ondeterminism" in one.error for one in changed.failures)
