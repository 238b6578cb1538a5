"""What happens around every activity: its log lines say for whom it ran, and long ones show that they live."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any

import structlog
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ActivityOutboundInterceptor, ExecuteActivityInput, Interceptor

from billflow.telemetry.process_metrics import activity_seconds, last_success


class ActivityContextInterceptor(Interceptor):
    """Bind workflow, run, activity and attempt to every structlog line of an activity."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        """Put ours before the next interceptor of the chain."""
        return _BindContext(super().intercept_activity(next))


class _BindContext(ActivityInboundInterceptor):
    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self.details = _KeepDetails(outbound)
        super().init(self.details)

    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        info = activity.info()
        self.details.last = tuple(info.heartbeat_details)
        with structlog.contextvars.bound_contextvars(
            workflow_id=info.workflow_id,
            workflow_run_id=info.workflow_run_id,
            activity=info.activity_type,
            attempt=info.attempt,
        ):
            async with _heartbeats(info.heartbeat_timeout, self.details):
                with _measured(info) as answered:
                    answered.append(await super().execute_activity(input))
                    return answered[0]


@contextmanager
def _measured(info: activity.Info) -> Iterator[list[object]]:
    """Measure how long an activity takes, which puts its answer into the list."""
    begun, answered = time.perf_counter(), list[object]()
    try:
        yield answered
    finally:
        is_refused = bool(answered) and getattr(answered[0], "refused", None) is not None
        result = "refused" if is_refused else "done" if answered else "failed"
        kind = "step" if info.is_local else "activity"
        activity_seconds().labels(kind, info.activity_type, result).observe(time.perf_counter() - begun)
        if answered:
            last_success().set_to_current_time()


class _KeepDetails(ActivityOutboundInterceptor):
    """Remembers what the activity last said by heartbeat, or an attempt before it."""

    last: tuple[Any, ...] = ()

    def heartbeat(self, *details: Any) -> None:
        self.last = details
        super().heartbeat(*details)


@asynccontextmanager
async def _heartbeats(within: timedelta | None, details: _KeepDetails) -> AsyncIterator[None]:
    """Tell the server three times *within* each timeout that the worker is still there; None asks for no heartbeat.

    The server keeps the details of the newest heartbeat alone, so each repeats what the activity said last.
    """
    if not within:
        yield
        return

    async def beat() -> None:
        while True:
            await asyncio.sleep(within.total_seconds() / 3)
            activity.heartbeat(*details.last)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
