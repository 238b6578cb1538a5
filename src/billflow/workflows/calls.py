"""How workflows call activities: three policies of timeouts and retries, each a function with a summary."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from billflow.temporal.queues import STRIPE

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")

SEND_WINDOW = timedelta(minutes=3)
"""How long a plan's run tries to send an invoice before the collection workflow takes over."""

HEARTBEAT = timedelta(seconds=10)
"""After how long without a sign of life from its worker a call to Stripe is made again by another one."""

STEP_TIMEOUT = timedelta(seconds=60)
"""How long a step may take: as long as a statement may, and as long again for a connection and the rest."""

_QUICK = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(minutes=1))
_PATIENT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))


async def on_books(method: Callable[[Any, Ask], Awaitable[Answer]], ask: Ask, summary: str) -> Answer:
    """Run one short idempotent transaction, tried for as long as PostgreSQL needs to come back.

    A local activity: it costs one event where a scheduled one costs six.
    """
    answer: Answer = await workflow.execute_local_activity_method(
        method,
        ask,
        summary=summary,
        start_to_close_timeout=STEP_TIMEOUT,
        local_retry_threshold=timedelta(seconds=30),
        retry_policy=_QUICK,
    )
    return answer


async def at_stripe(
    method: Callable[[Any, Ask], Awaitable[Answer]], ask: Ask, summary: str, *, within: timedelta | None = None
) -> Answer:
    """Call Stripe on its own task queue until it answers, or for as long as *within*.

    Raises `ActivityError` when that time is over: what happened is then unknown.
    """
    answer: Answer = await workflow.execute_activity_method(
        method,
        ask,
        summary=summary,
        task_queue=STRIPE,
        start_to_close_timeout=timedelta(seconds=60),
        schedule_to_close_timeout=within,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=_PATIENT,
    )
    return answer
