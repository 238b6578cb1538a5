"""The versions of the workers on the server: one worker deployment, whose versions are told apart by their build id."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.deployment.v1 import RoutingConfig, WorkerDeploymentInfo, WorkerDeploymentVersion
from temporalio.api.enums.v1 import (
    RoutingConfigUpdateState,
    TaskQueueType,
    WorkerDeploymentVersionStatus,
    WorkerVersioningMode,
)
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue, TaskQueueVersioningInfo
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from billflow.errors import CommandFailed
from billflow.models.contracts.versions import VersionStatus, WorkerVersion
from billflow.temporal.queues import BILLFLOW

DEPLOYMENT: Final = "billflow"
"""The name of the worker deployment: every task queue belongs to it, so that all of a version goes together."""

POLLED_WITHIN = timedelta(seconds=75)
"""How long ago a worker has polled at most; one that waits polls again after a minute."""

UNDER_WAY_SECONDS = 0.1
"""Between two looks whether the task queues know a decision."""

KNOWN_SECONDS = 120.0
"""How long task queues may take to go by a decision; a busy server needs seconds."""

WITHOUT_VERSION = ""
"""Stands for the workers without a build id."""

_STATUSES: Final = {
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_CURRENT: VersionStatus.CURRENT,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_RAMPING: VersionStatus.RAMPING,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINING: VersionStatus.DRAINING,
    WorkerDeploymentVersionStatus.WORKER_DEPLOYMENT_VERSION_STATUS_DRAINED: VersionStatus.DRAINED,
}

_UNDER_WAY = RoutingConfigUpdateState.ROUTING_CONFIG_UPDATE_STATE_IN_PROGRESS

_Version = WorkerDeploymentInfo.WorkerDeploymentVersionSummary


def own_build_id(named: str | None) -> str | None:
    """Return the build id of our own workers: as *named*, None where that is empty, else the package's version."""
    return version("billflow") if named is None else named or None


@dataclass(frozen=True)
class WorkerVersions:
    """The worker deployment of the client's namespace, and who asks for its work."""

    client: Client

    async def known(self) -> tuple[tuple[WorkerVersion, ...], int]:
        """Return every version that the server knows, the newest first, and how many workers have none."""
        info, workers = await asyncio.gather(self._deployment(), self._workers())
        newest_first = sorted(info.version_summaries, key=lambda one: one.create_time.ToNanoseconds(), reverse=True)
        found = tuple(_record(one, info.routing_config, workers) for one in newest_first)
        return found, workers.get(WITHOUT_VERSION, 0)

    async def make_current(self, build_id: str) -> None:
        """Give a version all work from now on, `WITHOUT_VERSION` the workers that have none; safe to repeat."""
        await self.client.workflow_service.set_worker_deployment_current_version(
            SetWorkerDeploymentCurrentVersionRequest(
                namespace=self.client.namespace,
                deployment_name=DEPLOYMENT,
                build_id=build_id,
                identity=self.client.identity,
            )
        )
        await self._until_known()

    async def ramp(self, build_id: str, percentage: float) -> None:
        """Give a version the work of so many of a hundred workflows, told apart by their ids."""
        await self.client.workflow_service.set_worker_deployment_ramping_version(
            SetWorkerDeploymentRampingVersionRequest(
                namespace=self.client.namespace,
                deployment_name=DEPLOYMENT,
                build_id=build_id,
                percentage=percentage,
                identity=self.client.identity,
            )
        )
        await self._until_known()

    async def end_ramp(self) -> None:
        """Give the current version everything again."""
        await self.ramp(WITHOUT_VERSION, 0)

    async def _until_known(self) -> None:
        """Wait until every task queue goes by what was last decided; until then old workers are given what comes.

        Raises `CommandFailed` where one still does not after `KNOWN_SECONDS`.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + KNOWN_SECONDS
        while not await self._is_known():
            if clock() >= until:
                message = (
                    f"The server has taken the decision, but task queues do not go by it after {KNOWN_SECONDS:g} s."
                )
                raise CommandFailed(message, code="version_not_ready")
            await asyncio.sleep(UNDER_WAY_SECONDS)

    async def _is_known(self) -> bool:
        """Tell whether every task queue goes by what was last decided; a server too busy to say so is asked again."""
        try:
            info = await self._deployment()
            return info.routing_config_update_state != _UNDER_WAY or await self._queues_know(info)
        except RPCError as error:
            if error.status is not RPCStatusCode.CANCELLED:
                raise
            return False

    async def _queues_know(self, info: WorkerDeploymentInfo) -> bool:
        """Look at the task queues: a decision can stay "in progress" on the server for good when they all know it."""
        decided = _decided_at(info.routing_config)
        versions = [one for one in info.version_summaries if one.routing_update_time.ToNanoseconds() == decided]
        served = await asyncio.gather(*(self._queues_of(one.deployment_version) for one in versions))
        queues = await asyncio.gather(*(self._queue(name, kind) for name, kind in set().union(*served)))
        return all(_routing(queue.versioning_info) == _routing(info.routing_config) for queue in queues)

    async def _queues_of(self, version: WorkerDeploymentVersion) -> set[tuple[str, TaskQueueType.ValueType]]:
        """Return the task queues that workers of a version serve."""
        request = DescribeWorkerDeploymentVersionRequest(namespace=self.client.namespace, deployment_version=version)
        answer = await self.client.workflow_service.describe_worker_deployment_version(request)
        return {(queue.name, queue.type) for queue in answer.version_task_queues}

    async def _queue(self, name: str, kind: TaskQueueType.ValueType) -> DescribeTaskQueueResponse:
        queue = TaskQueue(name=name)
        request = DescribeTaskQueueRequest(namespace=self.client.namespace, task_queue=queue, task_queue_type=kind)
        return await self.client.workflow_service.describe_task_queue(request)

    async def _deployment(self) -> WorkerDeploymentInfo:
        request = DescribeWorkerDeploymentRequest(namespace=self.client.namespace, deployment_name=DEPLOYMENT)
        try:
            answer = await self.client.workflow_service.describe_worker_deployment(request)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return WorkerDeploymentInfo()
        return answer.worker_deployment_info

    async def _workers(self) -> dict[str, int]:
        """Return how many processes ask for the tasks of workflows, by build id."""
        queue = await self._queue(BILLFLOW, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
        asking, since = defaultdict[str, set[str]](set), datetime.now(UTC) - POLLED_WITHIN
        for poller in queue.pollers:
            if poller.last_access_time.ToDatetime(UTC) > since:
                asking[_build_id(poller)].add(poller.identity)
        return {build_id: len(identities) for build_id, identities in asking.items()}


def _decided_at(routing: RoutingConfig) -> int:
    """Return when it was last decided who gets the work, in nanoseconds."""
    changed = (
        routing.current_version_changed_time,
        routing.ramping_version_changed_time,
        routing.ramping_version_percentage_changed_time,
    )
    return max(at.ToNanoseconds() for at in changed)


def _routing(known: RoutingConfig | TaskQueueVersioningInfo) -> tuple[str, str, float]:
    """Return which version is given the work, which one a part of it, and how much of a hundred."""
    current, ramping = known.current_deployment_version, known.ramping_deployment_version
    return current.build_id, ramping.build_id, known.ramping_version_percentage


def _build_id(poller: PollerInfo) -> str:
    options = poller.deployment_options
    if options.worker_versioning_mode != WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED:
        return WITHOUT_VERSION
    return options.build_id


def _record(one: _Version, routing: RoutingConfig, workers: Mapping[str, int]) -> WorkerVersion:
    build_id, ramping = one.deployment_version.build_id, routing.ramping_version_percentage
    status = _STATUSES.get(one.status, VersionStatus.INACTIVE)
    percentages = {VersionStatus.CURRENT: 100 - ramping, VersionStatus.RAMPING: ramping}
    return WorkerVersion(
        build_id=build_id,
        status=status,
        percentage=percentages.get(status, 0.0),
        workers=workers.get(build_id, 0),
        last_current_at=_moment(one.last_current_time) or _moment(one.current_since_time),
    )


def _moment(at: Timestamp) -> datetime | None:
    return at.ToDatetime(UTC) if at.ToNanoseconds() else None
