"""Whether the parts that run inside billflow itself do their work: a worker on every task queue, and the API."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import httpx
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from billflow.dev.errors import PartFailed
from billflow.temporal.queues import BILLFLOW, DELIVERY, STRIPE

WITHIN_SECONDS = 60.0
_PAUSE_SECONDS = 0.05
_WORK = (
    (BILLFLOW, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
    (STRIPE, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY),
    (DELIVERY, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW),
)

_Check = Callable[[], Awaitable[str | None]]


async def until_ready(
    client: Client, *urls: str, within: float = WITHIN_SECONDS, pollers: Callable[[], Sequence[str]] | None = None
) -> None:
    """Wait until Temporal hears all who are to ask for work on every task queue, and each URL is answered well.

    They ask by the identities that *pollers* returns, this process by that of *client* where none are named. Raises
    `PartFailed`, naming what is missing, after *within* seconds.
    """
    identities = pollers or (lambda: [client.identity])
    deadline = asyncio.get_running_loop().time() + within
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as http:
        await _until(lambda: _missing_worker(client, identities()), deadline)
        for url in urls:
            await _until(partial(_missing_answer, http, url), deadline)


async def _until(check: _Check, deadline: float) -> None:
    while missing := await check():
        if asyncio.get_running_loop().time() > deadline:
            raise PartFailed(f"billflow was not ready in time: {missing}")
        await asyncio.sleep(_PAUSE_SECONDS)


async def _missing_worker(client: Client, identities: Sequence[str]) -> str | None:
    idle = [queue for queue, kind in _WORK if not await _is_polled(client, queue, kind, identities)]
    return f"no worker of ours takes work from {', '.join(idle)}" if idle else None


async def _is_polled(client: Client, queue: str, kind: TaskQueueType.ValueType, identities: Sequence[str]) -> bool:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    try:
        described = await client.workflow_service.describe_task_queue(request)
    except RPCError:
        return False
    return {poller.identity for poller in described.pollers}.issuperset(identities)


async def _missing_answer(http: httpx.AsyncClient, url: str) -> str | None:
    try:
        answer = await http.get(url)
    except httpx.TransportError as error:
        return f"{url} does not answer ({error!r})"
    return None if answer.is_success else f"{url} answers {answer.status_code}: {answer.text}"
