"""Updates of workflows whose worker may be gone or late for a moment, or that have many updates in flight."""

import asyncio
import contextlib
import math
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio.api.errordetails.v1 import MultiOperationExecutionFailure
from temporalio.client import WithStartWorkflowOperation, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

Result = TypeVar("Result")
Start = WithStartWorkflowOperation[Any, Any]

READY_SECONDS = 60.0
"""How long a workflow may not be ready: several times the ten seconds after which a lost task is given to another."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 4.0
"""Seconds before the second try, and the most between two: twice as long each time."""

_PASSING = (RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.RESOURCE_EXHAUSTED)


async def once_ready(
    start: Callable[[], Start], send: Callable[..., Awaitable[Result]], busy_seconds: float = READY_SECONDS
) -> Result:
    """Send an update that has an id of its own, with a new *start* each time its workflow is not ready for one.

    The server refuses updates while a workflow's task has been lost several times, as it is when workers die or have
    too much to do, while ten updates of the workflow are in flight, and drops those it has not passed on when a run
    ends or another update is one too many. Raises `RPCError` when that has lasted for `READY_SECONDS`, or for
    *busy_seconds* where there are too many updates, and at once for anything else.
    """
    clock, pause = asyncio.get_running_loop().time, _FIRST_PAUSE
    first = math.inf
    while True:
        operation = start()
        try:
            return await send(start_workflow_operation=operation)
        except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            await _seen(operation)
            first = min(first, clock())
            if not _is_passing(error) or clock() - first >= (busy_seconds if _is_busy(error) else READY_SECONDS):
                raise
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  (so that not all come back together)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _is_busy(error: Exception) -> bool:
    return isinstance(error, RPCError) and error.status is not RPCStatusCode.FAILED_PRECONDITION


def _is_passing(error: Exception) -> bool:
    if not isinstance(error, RPCError):
        return False
    return error.status in _PASSING or (error.status is RPCStatusCode.UNAVAILABLE and _is_of_update(error))


def _is_of_update(error: RPCError) -> bool:
    """Tell whether a server answered, as when it drops an update before the workflow has taken it."""
    return any(detail.Is(MultiOperationExecutionFailure.DESCRIPTOR) for detail in error.grpc_status.details)


async def _seen(operation: Start) -> None:
    """Look at the error that a start keeps too; asyncio logs those that nobody has seen."""
    with contextlib.suppress(RPCError, asyncio.CancelledError):
        await operation.workflow_handle()
