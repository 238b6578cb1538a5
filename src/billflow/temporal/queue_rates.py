"""How fast the activities of a task queue are handed out: kept and held by the server, for all workers together."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import RateLimit, TaskQueue, TaskQueueConfig
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    DescribeTaskQueueResponse,
    UpdateTaskQueueConfigRequest,
)
from temporalio.client import Client

from billflow.models.contracts.queues import QueueRecord
from billflow.temporal.queues import ALL

_ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_WORKFLOWS = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW


@dataclass(frozen=True)
class QueueLook:
    """A task queue as it stands, and when those who asked for its work lately last did, by their clients' identity."""

    record: QueueRecord
    polls: Mapping[str, datetime]

    def polled_by(self, identities: Sequence[str]) -> datetime | None:
        """Return since when all of them have asked for its work; None where one has not lately."""
        polls = [self.polls.get(identity) for identity in identities]
        known = [poll for poll in polls if poll is not None]
        return min(known, default=None) if len(known) == len(polls) else None


async def look_at_queues(client: Client) -> tuple[QueueLook, ...]:
    """Return every task queue as it stands, and who asked for its work when."""
    return tuple(await asyncio.gather(*(_look(client, name) for name in ALL)))


async def queues(client: Client) -> tuple[QueueRecord, ...]:
    """Return every task queue as it stands: its rate, who set it, and what waits."""
    return tuple(look.record for look in await look_at_queues(client))


async def queue(client: Client, name: str) -> QueueRecord:
    """Return one task queue as it stands; a rate that was just set shows a moment later."""
    return (await _look(client, name)).record


async def _look(client: Client, name: str) -> QueueLook:
    described = (_described(client, name, kind) for kind in (_ACTIVITIES, _WORKFLOWS))
    activities, workflows = await asyncio.gather(*described)
    polls = dict[str, datetime]()
    for poller in [*activities.pollers, *workflows.pollers]:
        at = poller.last_access_time.ToDatetime(UTC)
        polls[poller.identity] = max(at, polls.get(poller.identity, at))
    return QueueLook(_record(name, activities.config, activities, workflows), polls)


def _record(
    name: str, config: TaskQueueConfig, activities: DescribeTaskQueueResponse, workflows: DescribeTaskQueueResponse
) -> QueueRecord:
    limit = config.queue_rate_limit
    is_set = limit.HasField("metadata") and limit.metadata.HasField("update_time")
    return QueueRecord(
        queue=name,
        per_second=limit.rate_limit.requests_per_second if limit.HasField("rate_limit") else None,
        reason=limit.metadata.reason or None,
        set_by=limit.metadata.update_identity or None,
        set_at=limit.metadata.update_time.ToDatetime(UTC) if is_set else None,
        activities_waiting=activities.stats.approximate_backlog_count,
        workflows_waiting=workflows.stats.approximate_backlog_count,
        oldest_seconds=max(one.stats.approximate_backlog_age.seconds for one in (activities, workflows)),
        workers=len({poller.identity for poller in [*activities.pollers, *workflows.pollers]}),
    )


async def set_rate(client: Client, name: str, per_second: float | None, *, reason: str, identity: str) -> QueueRecord:
    """Let the server hand out so many activities of a queue a second, None for as many as there are."""
    limit = None if per_second is None else RateLimit(requests_per_second=per_second)
    answer = await client.workflow_service.update_task_queue_config(
        UpdateTaskQueueConfigRequest(
            namespace=client.namespace,
            identity=identity,
            task_queue=name,
            task_queue_type=_ACTIVITIES,
            update_queue_rate_limit=UpdateTaskQueueConfigRequest.RateLimitUpdate(rate_limit=limit, reason=reason),
        )
    )
    activities, workflows = await _described(client, name, _ACTIVITIES), await _described(client, name, _WORKFLOWS)
    return _record(name, answer.config, activities, workflows)


async def ensure_rates(client: Client, rates: Mapping[str, float]) -> None:
    """Give queues their first rate; what somebody has set is left, also where it was taken away."""
    for name, per_second in rates.items():
        if (await queue(client, name)).set_at is None:
            await set_rate(client, name, per_second, reason="set by billflow migrate", identity="billflow migrate")


async def _described(client: Client, name: str, kind: TaskQueueType.ValueType) -> DescribeTaskQueueResponse:
    return await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=name),
            task_queue_type=kind,
            report_config=True,
            report_stats=True,
        )
    )
