"""What happens around every activity: its log lines say for whom it ran, and long ones show that they live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor


class ActivityContextInterceptor(Interceptor):
    """Bind workflow, run, activity and attempt to every structlog line of an activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Put ours before the next interceptor of the chain."""
        return _BindContext(super().intercept_activity(next))


class _BindContext(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        info = activity.info()
        with structlog.contextvars.bound_contextvars(
            workflow_id=info.workflow_id,
            workflow_run_id=info.workflow_run_id,
            activity=info.activity_type,
            attempt=info.attempt,
        ):
            async with _heartbeats(info.heartbeat_timeout):
                return await super().execute_activity(input)


@asynccontextmanager
async def _heartbeats(within: timedelta | None) -> AsyncIterator[None]:
    """Tell the server three times *within* each timeout that the worker is still there; None asks for no heartbeat."""
    if not within:
        yield
        return

    async def beat() -> None:
        while True:
            await asyncio.sleep(within.total_seconds() / 3)
            activity.heartbeat()

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
