"""How workflows execute activities: in the database or at Stripe, each with its timeouts and retries."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, FailureError, RetryState, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from billflow.temporal.priorities import priority
    from billflow.temporal.queues import STRIPE
    from billflow.workflows.failures import failed, shown


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

TRIED_FOR = timedelta(minutes=1)
"""How long a step is tried before the workflow shows that it fails, and how long one attempt may take: as long as a
statement may, and as long again for a connection and the rest."""

_QUICK = RetryPolicy(
    initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=12), maximum_attempts=11
)
"""Eleven attempts take 49 seconds where each fails at once."""

_ONCE = RetryPolicy(maximum_attempts=1)
_LONGEST_LOCAL_WAIT = timedelta(seconds=10)
"""Between two tries; longer ones are timers of the workflow. A worker that stops waits for all that are not, which
together must take less time than it has (`temporal/worker.py`)."""

PATIENT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5))
ATTEMPTS_UNSHOWN = 10
"""How often a request is made, in nine minutes at least, before the workflow shows that it fails. Time that it waits
in its queue does not count."""

BACKGROUND_WINDOW = timedelta(hours=6)
"""How long what nobody waits for is tried: other organizations wait behind it, and the next night does it again."""

LEAST_LEFT = timedelta(seconds=1)
"""What an activity has left whose time has passed while its workflow had no worker: one attempt."""


async def try_in_database(
    method: Callable[[Any, Input], Awaitable[Result]], argument: Input, summary: str, *, once: bool = False
) -> Result:
    """Run one short idempotent transaction, tried for a minute at most, or *once*; raises a `FailureError`.

    A local activity: it costs one event where a scheduled one costs six.
    """
    result: Result = await workflow.execute_local_activity_method(
        method,
        argument,
        summary=summary,
        schedule_to_close_timeout=TRIED_FOR,
        local_retry_threshold=_LONGEST_LOCAL_WAIT,
        retry_policy=_ONCE if once else _QUICK,
    )
    return result


async def in_database(method: Callable[[Any, Input], Awaitable[Result]], argument: Input, summary: str) -> Result:
    """Run one short idempotent transaction for as long as PostgreSQL needs to come back; show it after a minute."""
    try:
        return await try_in_database(method, argument, summary)
    except FailureError as error:
        if is_cancelled_exception(error):
            raise
        failure = failed(None, summary, error)
    with shown(failure):
        while True:
            await workflow.sleep(failure.retry_at - workflow.now(), summary=f"again: {summary}")
            try:
                return await try_in_database(method, argument, summary, once=True)
            except FailureError as error:
                if is_cancelled_exception(error):
                    raise
                failure = failed(failure, summary, error)


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
    options = dict[str, Any](
        task_queue=STRIPE,
        start_to_close_timeout=timedelta(seconds=60),
        heartbeat_timeout=HEARTBEAT,
        priority=priority(argument.org_id, urgency),
    )
    if within is None:
        return await patiently(method, argument, summary, options)
    return await for_a_while(method, argument, summary, within, options)


async def for_a_while(
    method: Callable[[Any, Input], Awaitable[Result]],
    argument: Input,
    summary: str,
    within: timedelta,
    options: dict[str, Any],
) -> Result:
    """Execute an activity for as long as *within*, which is minutes, and show nothing: the caller lets others go on.

    Raises `ActivityError` when that time is over.
    """
    result: Result = await workflow.execute_activity_method(
        method, argument, summary=summary, schedule_to_close_timeout=within, retry_policy=PATIENT, **options
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
    """Run an activity that nobody waits for on *task_queue*; raises `ActivityError` after `BACKGROUND_WINDOW`."""
    options = dict[str, Any](
        task_queue=task_queue,
        start_to_close_timeout=start_to_close_timeout,
        schedule_to_close_timeout=BACKGROUND_WINDOW,
        heartbeat_timeout=timedelta(minutes=1),
    )
    return await patiently(method, argument, summary, options)


async def on_schedule(  # noqa: PLR0913  (an activity and its limits)
    method: Callable[[Any], Awaitable[Result]],
    summary: str,
    *,
    within: timedelta,
    start_to_close_timeout: timedelta,
    heartbeat_timeout: timedelta,
    task_queue: str | None = None,
) -> Result:
    """Run what a schedule starts for all organizations; raises `ActivityError` after *within*: the next run goes on."""
    options = dict[str, Any](
        task_queue=task_queue,
        start_to_close_timeout=start_to_close_timeout,
        schedule_to_close_timeout=within,
        heartbeat_timeout=heartbeat_timeout,
    )
    return await _patiently(method, (), summary, options, PATIENT, ATTEMPTS_UNSHOWN)


async def patiently(  # noqa: PLR0913  (an activity, its options, and how long it is tried)
    method: Callable[[Any, Input], Awaitable[Result]],
    argument: Input,
    summary: str,
    options: dict[str, Any],
    policy: RetryPolicy = PATIENT,
    *,
    unshown: int = ATTEMPTS_UNSHOWN,
) -> Result:
    """Execute an activity for as long as it takes; show after *unshown* attempts that it fails.

    Raises `ActivityError` for what no attempt can mend, and when the time of the *options* is over.
    """
    return await _patiently(method, (argument,), summary, options, policy, unshown)


async def _patiently(  # noqa: PLR0913, PLR0917  (those of `patiently`)
    method: Callable[..., Awaitable[Result]],
    arguments: Sequence[object],
    summary: str,
    options: dict[str, Any],
    policy: RetryPolicy,
    unshown: int,
) -> Result:
    began = workflow.now()
    bounded = options | {"retry_policy": replace(policy, maximum_attempts=unshown)}
    try:
        result: Result = await workflow.execute_activity_method(method, args=arguments, summary=summary, **bounded)
    except ActivityError as error:
        if error.retry_state is not RetryState.MAXIMUM_ATTEMPTS_REACHED:
            raise
        rest = options | _time_left(options, began) | {"retry_policy": policy}
        with shown(failed(None, summary, error)):
            result = await workflow.execute_activity_method(method, args=arguments, summary=summary, **rest)
    return result


def _time_left(options: dict[str, Any], began: datetime) -> dict[str, timedelta]:
    """Return how much of its time in all an activity still has, where it has a limit."""
    window = options.get("schedule_to_close_timeout")
    return {} if window is None else {"schedule_to_close_timeout": max(window - (workflow.now() - began), LEAST_LEFT)}


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
