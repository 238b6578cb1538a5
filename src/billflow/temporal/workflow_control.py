"""Workflow control: starting, signalling and finding workflows from outside."""

import asyncio
import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WithStartWorkflowOperation,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from billflow.domain.reconciliation import PlanStanding
from billflow.errors import CommandFailed, StepFailing, Unavailable
from billflow.models.contracts.base import Contract
from billflow.models.contracts.plans import Refusal
from billflow.temporal.ids import plan_workflow_id
from billflow.temporal.search_attributes import NEEDS_ATTENTION, standing_of
from billflow.temporal.updates import READY_SECONDS, once_ready
from billflow.temporal.workflow_starts import WorkflowStart

_AWAY = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.RESOURCE_EXHAUSTED)
_BROKEN_CONNECTION = (
    (RPCStatusCode.UNKNOWN, "transport error"),
    (RPCStatusCode.INTERNAL, "h2 protocol error"),
)
_NO_ANSWER = "The Temporal server does not answer; try again in a moment."
_TASK_FAILING = (
    "The plan's workflow can't go on: its task fails on the workers' version. Nothing is lost; "
    "`billflow deploy status` names the version, `billflow deploy rollback` goes back to the one before."
)
_PAGE, _LONG_PAGE = 100, 1_000


class WorkflowTaskFailing(Unavailable):
    """The workflow's task fails: the workers' version can't go on with what the run has done so far.

    `billflow deploy status` names the version; `billflow deploy rollback` goes back to the one before. Nothing is lost,
    and the request may be sent again then, with the same idempotency key.
    """

    code = "workflow_task_failing"


class NoTemporalServer(Unavailable):
    """No Temporal server answers where billflow was told to look.

    Start one with `billflow dev`, or set `TEMPORAL_ADDRESS`; then try again.
    """

    code = "no_temporal_server"
    public = "The Temporal server can't be reached; try again in a moment."


class TemporalRefused(CommandFailed):
    """The Temporal server answers, and does not take the API key or the client certificate that it is shown.

    Set `TEMPORAL_API_KEY`, or the client certificate and its key, to those of the namespace that `TEMPORAL_NAMESPACE`
    names; docs/temporal-cloud.md has every variable.
    """

    code = "temporal_refused"


@dataclass(frozen=True)
class RunningPlans:
    """Plans by their running workflows, and where the next page begins; None at the end."""

    plan_ids: Sequence[str]
    next: str | None


@dataclass(frozen=True)
class WorkflowControl:
    """Temporal's client as billflow needs it; raises `NoTemporalServer` where the server does not answer in time.

    It answers for single workflows at once and lists them a moment behind.
    """

    client: Client

    async def start(self, start: WorkflowStart, signal: str | None = None, *args: object) -> None:
        """Start a workflow unless it runs; with a *signal* it is sent to the one that runs then."""
        with temporal_errors():
            await self.client.start_workflow(
                start.workflow, start.argument, **_options(start), start_signal=signal, start_signal_args=args
            )

    async def run(self, start: WorkflowStart) -> Any:
        """Start a workflow, or join the one that runs, and return its result."""
        with temporal_errors():
            handle = await self.client.start_workflow(start.workflow, start.argument, **_options(start))
            return await handle.result()

    async def update(  # noqa: PLR0913  (each is one decision of the caller)
        self,
        start: WorkflowStart,
        name: str,
        *args: Contract,
        result_type: Any,
        update_id: str | None = None,
        busy_seconds: float = READY_SECONDS,
        runs: bool = False,
    ) -> Any:
        """Start a workflow unless it runs, and wait for the result of an update, which takes an *update_id* once.

        With *runs* it most probably runs: then the update is sent alone first, which costs the server less.

        Raises the `BillingError` that the workflow refused the update with, `StepFailing`, `WorkflowTaskFailing`, or
        `NoTemporalServer` also where more updates than the server allows were in flight for *busy_seconds*.
        """
        asked = {"args": args, "id": f"{name}/{update_id or uuid4().hex}", "result_type": result_type}
        with temporal_errors(), _task_failing():
            if runs:
                with _sent_with_start():
                    return await self.client.get_workflow_handle(start.workflow_id).execute_update(name, **asked)
            return await once_ready(
                lambda: WithStartWorkflowOperation(start.workflow, start.argument, **_options(start)),
                partial(self.client.execute_update_with_start_workflow, name, **asked),
                busy_seconds,
            )

    async def signal(self, workflow_id: str, name: str, *args: object) -> bool:
        """Signal a workflow, and tell whether it runs."""
        try:
            with temporal_errors():
                await self.client.get_workflow_handle(workflow_id).signal(name, args=args)
        except RPCError as error:
            return _is_found(error)
        return True

    async def is_running(self, workflow_id: str) -> bool:
        """Tell whether a workflow runs."""
        return await self._running(workflow_id) is not None

    async def history_length(self, workflow_id: str) -> int:
        """Return how many events a workflow's run has, signals that wait for a worker included; 0 where none runs."""
        found = await self._running(workflow_id)
        return 0 if found is None else found.history_length

    async def plan_standing(self, plan_id: str) -> PlanStanding | None:
        """Return where a plan stands by its workflow; None where none runs."""
        found = await self._running(plan_workflow_id(plan_id))
        return None if found is None else standing_of(found.typed_search_attributes)

    async def _running(self, workflow_id: str) -> WorkflowExecutionDescription | None:
        try:
            with temporal_errors():
                found = await self.client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            _is_found(error)
            return None
        return found if found.status is WorkflowExecutionStatus.RUNNING else None

    async def running_ids(self, org_id: str) -> frozenset[str]:
        """Return the ids of an organization's running workflows, which may be a moment behind."""
        query = f"ExecutionStatus = 'Running' AND BillflowOrg = '{org_id}'"
        with temporal_errors():
            return frozenset([one.id async for one in self.client.list_workflows(query, page_size=_LONG_PAGE)])

    async def needing_attention(self) -> int:
        """Count the running workflows of all organizations that need attention."""
        with temporal_errors():
            counted = await self.client.count_workflows(
                f"{NEEDS_ATTENTION.name} = true AND ExecutionStatus = 'Running'"
            )
        return counted.count

    async def running_plans(self, org_id: str, after: str | None) -> RunningPlans:
        """Return the next plans that have a running workflow, which may be a moment behind."""
        query = f"WorkflowType = 'PlanWorkflow' AND ExecutionStatus = 'Running' AND BillflowOrg = '{org_id}'"
        token = base64.b64decode(after) if after else None
        with temporal_errors():
            listed = self.client.list_workflows(query, page_size=_PAGE, next_page_token=token)
            await listed.fetch_next_page()
        ids = [execution.id.removeprefix(plan_workflow_id("")) for execution in listed.current_page or ()]
        following = listed.next_page_token
        return RunningPlans(ids, base64.b64encode(following).decode() if following else None)


def _options(start: WorkflowStart) -> dict[str, Any]:
    return {
        "id": start.workflow_id,
        "task_queue": start.task_queue,
        "id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING,
        "search_attributes": start.search_attributes,
        "static_summary": start.summary,
        "priority": start.priority,
    }


@contextmanager
def temporal_errors() -> Iterator[None]:
    """Raise what a workflow has refused, and `NoTemporalServer` where the server does not answer."""
    try:
        yield
    except WorkflowUpdateFailedError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError) and cause.details:
            raise Refusal.model_validate(cause.details[0]).error from error
        if isinstance(cause, ApplicationError) and cause.type == StepFailing.code:
            raise StepFailing from error
        raise
    except RPCTimeoutOrCancelledError as error:
        if isinstance(error.__cause__, asyncio.CancelledError):
            raise asyncio.CancelledError from error
        raise NoTemporalServer(_NO_ANSWER) from error
    except RPCError as error:
        if not _is_away(error):
            raise
        raise NoTemporalServer(_NO_ANSWER) from error


def _is_away(error: RPCError) -> bool:
    """Tell whether a server did not answer; one that ends in the middle of an answer leaves a broken connection."""
    return error.status in _AWAY or any(
        error.status is status and message in error.message for status, message in _BROKEN_CONNECTION
    )


@contextmanager
def _task_failing() -> Iterator[None]:
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.FAILED_PRECONDITION:
            raise
        raise WorkflowTaskFailing(_TASK_FAILING) from error


@contextmanager
def _sent_with_start() -> Iterator[None]:
    """Let an update that a server has not taken be sent again with its workflow's start; another error is raised."""
    try:
        yield
    except RPCError as error:
        if _is_away(error):
            raise


def _is_found(error: RPCError) -> bool:
    if error.status is not RPCStatusCode.NOT_FOUND:
        raise error
    return False
