"""Workflow control: one way to start and signal workflows, and one error where Temporal does not answer."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.client import Client, RetryConfig

from billflow.dev.ports import LOOPBACK, free_port
from billflow.models.contracts.customers import CustomerRef
from billflow.service.workflow_control import WorkflowControl
from billflow.temporal.client import NoTemporalServer
from billflow.temporal.workflow_starts import WorkflowStart


def nobodys(summary: str = "nobody works on it") -> WorkflowStart:
    """Return a workflow that no worker knows, on a task queue of its own."""
    name = uuid4().hex
    return WorkflowStart("NobodysWorkflow", CustomerRef(org_id="org", customer_id=name), name, summary, name)


async def test_a_server_that_does_not_answer_is_an_error_with_a_code() -> None:
    quick = RetryConfig(max_elapsed_time_millis=100, max_retries=1)
    client = await Client.connect(f"{LOOPBACK}:{free_port()}", lazy=True, retry_config=quick)
    control = WorkflowControl(client)

    for request in (control.is_running("plan/1"), control.signal("plan/1", "seats_reported"), control.start(nobodys())):
        with pytest.raises(NoTemporalServer) as refused:
            await request
        assert refused.value.code == "no_temporal_server"


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


async def test_who_stops_waiting_for_an_update_gets_a_timeout(temporal_client: Client) -> None:
    control, start = WorkflowControl(temporal_client), nobodys()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(timedelta(seconds=1).total_seconds()):
            await control.update(start, "command", result_type=None)

    await temporal_client.get_workflow_handle(start.workflow_id).terminate("the test is over")
