"""A decision who gets the work is done when the task queues go by it, whatever the server says of it."""

import asyncio
from dataclasses import dataclass

import pytest
from temporalio.api.deployment.v1 import WorkerDeploymentInfo
from temporalio.api.enums.v1 import RoutingConfigUpdateState
from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse

from billflow.errors import CommandFailed
from billflow.models.contracts.versions import VersionStatus
from billflow.temporal import versions
from billflow.temporal.versions import WITHOUT_VERSION, WorkerVersions
from tests.environment import Environment
from tests.versions.workers_of_versions import workers_of
from tests.waiting import PATIENCE


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
        assert [(one.build_id, one.status) for one in (await server.known())[0]] == [
            ("two", VersionStatus.DRAINING),
            ("one", VersionStatus.CURRENT),
        ]
        await server.make_current(WITHOUT_VERSION)
        assert {one.status for one in (await server.known())[0]} == {VersionStatus.DRAINING}


async def test_one_that_they_do_not_come_to_know_is_said_so(env: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    async def knows_nothing(*_: object) -> DescribeTaskQueueResponse:
        return DescribeTaskQueueResponse()

    async with workers_of(env.engine, "one"):
        monkeypatch.setattr(versions, "KNOWN_SECONDS", 0.5)
        monkeypatch.setattr(NeverDone, "_queue", knows_nothing)
        with pytest.raises(CommandFailed, match=r"task queues do not go by it after 0\.5 s") as refused:
            await NeverDone(env.temporal).make_current("one")
    assert refused.value.code == "version_not_ready"


async def test_a_worker_looks_again_where_the_task_queues_are_slow_to_know(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_not_known(_: object) -> bool:
        return False

    async with workers_of(env.engine, "one"), workers_of(env.engine, "two"), asyncio.timeout(PATIENCE):
        monkeypatch.setattr(versions, "KNOWN_SECONDS", 0.0)
        monkeypatch.setattr(WorkerVersions, "_is_known", is_not_known)
        await env.engine.versions.enter("two", promote=True, notify=lambda _: None)
        current = (await env.engine.versions.report()).with_status(VersionStatus.CURRENT)
    assert current is not None
    assert current.build_id == "two"
