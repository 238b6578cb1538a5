"""Workers that end well: they drain on a signal."""

import asyncio
import inspect
import signal
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig

from billflow.temporal.versions import DEPLOYMENT

GRACE = timedelta(seconds=30)
"""How long running activities may finish after a stop signal; containers must wait longer (45 s)."""

WORKFLOW_TASKS = 24
"""Tasks of workflows in hand at once: a few more than local activities. What a worker does not get done in ten seconds
counts as lost and is done again from the start, so a worker with much to do leaves the rest in the queue."""

_UNVERSIONED = f"{DEPLOYMENT} {version(DEPLOYMENT)}"
"""What a worker without a version calls its code, in place of a digest of all modules, which takes half a second."""

CACHED_WORKFLOWS = 1_000
"""Workflows kept in memory between their tasks; another one's history is replayed first."""


def build_worker(  # noqa: PLR0913  (each is one decision of the caller)
    client: Client,
    task_queue: str,
    *,
    workflows: Sequence[type] = (),
    activities: Sequence[Callable[..., Any]] = (),
    max_workflow_tasks: int = WORKFLOW_TASKS,
    max_concurrent_activities: int = 20,
    max_cached_workflows: int = CACHED_WORKFLOWS,
    build_id: str | None = None,
) -> Worker:
    """Build a worker that drains for `GRACE` when it stops.

    `max_concurrent_activities`, which holds for local ones too, stays at or below the size of the database pool, unless
    they mostly wait for others.
    With a `build_id` the worker is versioned, and gets no task until its version is made current.
    """
    return Worker(
        client,
        task_queue=task_queue,
        workflows=workflows,
        activities=activities,
        max_concurrent_workflow_tasks=max_workflow_tasks,
        max_cached_workflows=max_cached_workflows,
        max_concurrent_activities=max_concurrent_activities,
        max_concurrent_local_activities=max_concurrent_activities,
        graceful_shutdown_timeout=GRACE,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        deployment_config=_deployment(build_id) if build_id else None,
        build_id=None if build_id else _UNVERSIONED,
    )


def activities_of(*holders: object) -> list[Callable[..., Any]]:
    """Return every method of these objects that is an activity."""
    return [
        method
        for holder in holders
        for _, method in inspect.getmembers(holder, inspect.ismethod)
        if hasattr(method, "__temporal_activity_definition")
    ]


async def run_until(stop: asyncio.Event, workers: Sequence[AbstractAsyncContextManager[object]]) -> None:
    """Run workers, and what goes with them, until `stop` is set, then drain them; one that fails ends the others."""
    async with AsyncExitStack() as running:
        for worker in workers:
            await running.enter_async_context(worker)
        await stop.wait()


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM and ctrl-C set, in place of their usual abrupt effect."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _deployment(build_id: str) -> WorkerDeploymentConfig:
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
