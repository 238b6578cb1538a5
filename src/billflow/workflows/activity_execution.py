"""How workflows execute activities: in the database or at Stripe, each with its timeouts and retries."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from billflow.temporal.priorities import priority
    from billflow.temporal.queues import STRIPE


class _Owned(Protocol):
    @property
    def org_id(self) -> str: ...


Input = TypeVar("Input")
OfOrganization = TypeVar("OfOrganization", bound=_Owned)
Result = TypeVar("Result")

SEND_WINDOW = timedelta(minutes=3)
"""How long a plan's run tries to send an invoice before the collection workflow takes over."""

HEARTBEAT = timedelta(seconds=10)
"""After how long without a heartbeat from its worker a request to Stripe is made again by another one."""

STEP_TIMEOUT = timedelta(seconds=60)
"""How long a step may take: as long as a statement may, and as long again for a connection and the rest."""

_QUICK = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(minutes=1))
_LONGEST_LOCAL_WAIT = timedelta(seconds=10)
"""Between two tries; longer ones are timers of the workflow. A worker that stops waits for all that are not, which
together must take less time than it has (`temporal/worker.py`)."""

PATIENT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))


async def in_database(method: Callable[[Any, Input], Awaitable[Result]], argument: Input, summary: str) -> Result:
    """Run one short idempotent transaction, tried for as long as PostgreSQL needs to come back.

    A local activity: it costs one event where a scheduled one costs six.
    """
    result: Result = await workflow.execute_local_activity_method(
        method,
        argument,
        summary=summary,
        start_to_close_timeout=STEP_TIMEOUT,
        local_retry_threshold=_LONGEST_LOCAL_WAIT,
        retry_policy=_QUICK,
    )
    return result


async def at_stripe(
    method: Callable[[Any, OfOrganization], Awaitable[Result]],
    argument: OfOrganization,
    summary: str,
    *,
    within: timedelta | None = None,
    urgency: int | None = None,
) -> Result:
    """Call Stripe on its own task queue until it answers, or for as long as *within*; its turn comes by *urgency*.

    Raises `ActivityError` when that time is over: what happened is then unknown.
    """
    result: Result = await workflow.execute_activity_method(
        method,
        argument,
        summary=summary,
        task_queue=STRIPE,
        start_to_close_timeout=timedelta(seconds=60),
        schedule_to_close_timeout=within,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=PATIENT,
        priority=priority(argument.org_id, urgency),
    )
    return result


async def in_background(
    method: Callable[[Any, Input], Awaitable[Result]],
    argument: Input,
    summary: str,
    *,
    task_queue: str,
    start_to_close_timeout: timedelta = timedelta(seconds=60),
) -> Result:
    """Run an activity that nobody waits for on *task_queue* until it succeeds."""
    result: Result = await workflow.execute_activity_method(
        method,
        argument,
        summary=summary,
        task_queue=task_queue,
        start_to_close_timeout=start_to_close_timeout,
        heartbeat_timeout=timedelta(minutes=1),
        retry_policy=PATIENT,
    )
    return result


class Tolerated:
    """Logs a failure of its block as *message* and lets the code after it go on; a cancellation is raised."""

    def __init__(self, message: str, **extra: object) -> None:
        self._message = message
        self._extra = extra

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> bool:
        """Log a failure, and raise everything else."""
        if not isinstance(error, FailureError) or is_cancelled_exception(error):
            return False
        workflow.logger.warning(self._message, extra=self._extra)
        return True
