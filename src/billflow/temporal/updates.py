"""Updates of workflows whose worker may be gone or late for a moment."""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio.client import WithStartWorkflowOperation, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

Result = TypeVar("Result")
Start = WithStartWorkflowOperation[Any, Any]

READY_SECONDS = 60.0
"""How long a workflow may not be ready: several times the ten seconds after which a lost task is given to another."""

_PAUSE = 0.5


async def once_ready(start: Callable[[], Start], send: Callable[..., Awaitable[Result]]) -> Result:
    """Send an update that has an id of its own, with a new *start* each time its workflow is not ready for one.

    The server refuses updates while a workflow's task has been lost several times, as it is when workers die or have
    too much to do. Raises `RPCError` when that has lasted for `READY_SECONDS`, and at once for anything else.
    """
    clock, deadline = asyncio.get_running_loop().time, math.inf
    while True:
        operation = start()
        try:
            return await send(start_workflow_operation=operation)
        except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            await _seen(operation)
            if not _is_passing(error) or clock() > deadline:
                raise
            deadline = min(deadline, clock() + READY_SECONDS)
        await asyncio.sleep(_PAUSE)


def _is_passing(error: Exception) -> bool:
    return isinstance(error, RPCError) and error.status is RPCStatusCode.FAILED_PRECONDITION


async def _seen(operation: Start) -> None:
    """Look at the error that a start keeps too; asyncio logs those that nobody has seen."""
    with contextlib.suppress(RPCError, asyncio.CancelledError):
        await operation.workflow_handle()
