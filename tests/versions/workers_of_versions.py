"""Workers of several versions in one process, each with a plan's workflow of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from billflow.service.versions import Ramp
from billflow.temporal.queues import BILLFLOW
from billflow.temporal.worker import activities_of, build_worker
from billflow.wiring.engine import Engine
from billflow.wiring.workers import (
    WORKFLOWS,
    activity_classes,
    counting,
    delivering,
    reconciliation_worker,
    stripe_worker,
)
from billflow.workflows.plan import PlanWorkflow

AT_ONCE = Ramp(watch=timedelta(0))
"""Stages that are watched until the plans that they woke have done their tasks."""


@asynccontextmanager
async def workers_of(engine: Engine, build_id: str, plan: type = PlanWorkflow) -> AsyncIterator[None]:
    """Run workers of a version whose plans are *plan*, from when the server knows them."""
    versioned = replace(engine, settings=engine.settings.model_copy(update={"build_id": build_id}))
    activities = activities_of(*activity_classes(versioned))
    workflows = [plan, *(one for one in WORKFLOWS if one is not PlanWorkflow)]
    async with AsyncExitStack() as running:
        for worker in (
            delivering(versioned),
            counting(versioned),
            stripe_worker(engine.client, activities, build_id),
            reconciliation_worker(versioned),
            build_worker(engine.client, BILLFLOW, workflows=workflows, activities=activities, build_id=build_id),
        ):
            await running.enter_async_context(worker)
        await known(engine, build_id)
        yield


async def known(engine: Engine, build_id: str) -> None:
    """Wait until the server knows a version, which is current then where it is the first."""

    def notify(_: str) -> None:
        entering.cancel()

    entering = asyncio.create_task(engine.versions.enter(build_id, promote=False, notify=notify))
    await asyncio.wait([entering])
