"""A decision who gets the work is done when the task queues go by it, whatever the server says of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.enums.v1 import RoutingConfigUpdateState
from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse

from billflow.errors import CommandFailed
from billflow.models.contracts.versions import VersionStatus, WorkerVersion
from billflow.temporal import versions
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.versions import WITHOUT_VERSION, WorkerVersions
from tests.databases import migrated_database
from tests.environment import Environment, running_environment
from tests.namespaces import fresh_namespace
from tests.versions.workers_of_versions import workers_of
from tests.waiting import PATIENCE


@pytest.fixture
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield an environment whose workers are those of the test."""
    client = await fresh_namespace(temporal_server, "deciding", [billflow_plugin()])
    async with running_environment(client, await migrated_database(postgres_url), working=False) as env:
        yield env


@dataclass(frozen=True)
class NeverDone(WorkerVersions):
    """A server that says of each decision, as it was seen to do, that it is still in progress."""

    async def _deployment(self) -> WorkerDeploymentInfo:
        info = await super()._deployment()
        info.routing_config_update_state = RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS
        return info


async def test_each_decision_is_done_when_the_task_queues_know_it(env: Environment) -> None:
    server = NeverDone(env.temporal)
    async with workers_of(env.engine, "one"), workers_of(env.engine, "two"), asyncio.timeout(PATIENCE):
        for _ in range(2):
            await server.ramp("two", 5)
            await server.ramp("two", 50)
            await server.end_ramp()
            await server.make_current("two")
            await server.make_current("one")
            await server.end_ramp()
        assert [(one.build_id, one.status) for one in await known(server)] == [
            ("two", VersionStatus.DRAINING),
            ("one", VersionStatus.CURRENT),
        ]
        await server.make_current(WITHOUT_VERSION)
        assert {one.status for one in await known(server)} == {VersionStatus.DRAINING}


async def test_one_that_they_do_not_come_to_know_is_said_so(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    async def knows_nothing(*_: object) -> DescribeTaskQueueResponse:
        return DescribeTaskQueueResponse()

    monkeypatch.setattr(versions, "KNOWN_SECONDS", 0.5)
    async with workers_of(env.engine, "one"):
        monkeypatch.setattr(NeverDone, "_queue", knows_nothing)
        with pytest.raises(CommandFailed, match=r"task queues do not go by it after 0\.5 s") as refused:
            await NeverDone(env.temporal).make_current("one")
    assert refused.value.code == "version_not_ready"


async def known(server: WorkerVersions) -> tuple[WorkerVersion, ...]:
    """Return the versions that the server knows, the newest first."""
    found, _ = await server.known()
    return found
