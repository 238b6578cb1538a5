"""Workflow control: one way to start and signal workflows, and one error where Temporal does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client, RetryConfig
from temporalio.common import TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from billflow.dev.folder import claimed
from billflow.dev.temporal import embedded_temporal
from billflow.models.contracts.customers import CustomerRef
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.workflow_control import NoTemporalServer, WorkflowControl, temporal_errors
from billflow.temporal.workflow_starts import WorkflowStart


def nobodys() -> WorkflowStart:
    """Return a workflow that no worker knows, on a task queue of its own."""
    name = uuid4().hex
    return WorkflowStart(
        "NobodysWorkflow",
        CustomerRef(org_id="org", customer_id=name),
        name,
        "nobody works on it",
        TypedSearchAttributes.empty,
        name,
    )


@pytest.fixture
async def without_server(tmp_path: Path) -> WorkflowControl:
    """Return the control of a server that has gone away."""
    quick = RetryConfig(max_elapsed_time_millis=100, max_retries=1)
    with claimed(tmp_path) as lock:
        async with embedded_temporal(tmp_path, lock, keep=False, ui_port=None) as server:
            client = await Client.connect(server.address, plugins=[billflow_plugin()], retry_config=quick)
    return WorkflowControl(client)


REQUESTS: list[Callable[[WorkflowControl], Awaitable[object]]] = [
    lambda control: control.is_running("plan/1"),
    lambda control: control.signal("plan/1", "seats_reported"),
    lambda control: control.start(nobodys()),
    lambda control: control.run(nobodys()),
    lambda control: control.update(nobodys(), "command", result_type=None),
    lambda control: control.update(nobodys(), "command", result_type=None, runs=True),
    lambda control: control.running_plans("org", None),
]


async def test_a_server_that_does_not_answer_is_one_error_with_a_code(without_server: WorkflowControl) -> None:
    for request in REQUESTS:
        with pytest.raises(NoTemporalServer) as refused:
            await request(without_server)
        assert refused.value.code == "no_temporal_server"


@pytest.mark.parametrize(
    ("status", "message"),
    [(RPCStatusCode.UNKNOWN, "transport error"), (RPCStatusCode.INTERNAL, "h2 protocol error: error reading a body")],
)
def test_a_server_that_ends_in_the_middle_of_its_answer_does_not_answer(status: RPCStatusCode, message: str) -> None:
    with pytest.raises(NoTemporalServer), temporal_errors():
        raise RPCError(message, status, b"")
    with pytest.raises(RPCError), temporal_errors():
        raise RPCError("a fault of the server", status, b"")


async def test_a_workflow_that_is_not_there_is_an_answer(temporal_client: Client) -> None:
    control, start = WorkflowControl(temporal_client), nobodys()

    assert not await control.is_running(start.workflow_id)
    assert not await control.signal(start.workflow_id, "wake")


async def test_starting_twice_starts_once_and_signals_the_one_that_runs(temporal_client: Client) -> None:
    control, start = WorkflowControl(temporal_client), nobodys()

    await control.start(start)
    await control.start(start, "wake")

    handle = temporal_client.get_workflow_handle(start.workflow_id)
    history = await handle.fetch_history()
    names = [event.WhichOneof("attributes") for event in history.events]
    assert names.count("workflow_execution_started_event_attributes") == 1
    assert names.count("workflow_execution_signaled_event_attributes") == 1
    assert await control.is_running(start.workflow_id)
    await handle.terminate("the test is over")


async def test_an_update_starts_the_workflow_that_was_thought_to_run(temporal_client: Client) -> None:
    control, start = WorkflowControl(temporal_client), nobodys()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await control.update(start, "command", result_type=None, runs=True)

    assert await control.is_running(start.workflow_id)
    await temporal_client.get_workflow_handle(start.workflow_id).terminate("the test is over")


async def test_who_stops_waiting_for_an_update_gets_a_timeout(temporal_client: Client) -> None:
    control, start = WorkflowControl(temporal_client), nobodys()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await control.update(start, "command", result_type=None)

    await temporal_client.get_workflow_handle(start.workflow_id).terminate("the test is over")
