"""One plugin: payloads, sandbox and replay agree because all of them have it."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import DataConverter
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from billflow.temporal.plugin import SharedPayloadConverter, billflow_plugin
from billflow.temporal.worker import build_worker
from tests.temporal.careless_workflow import CarelessWorkflow
from tests.temporal.workflows_of_the_tests import EchoWorkflow, Seats, WallClockWorkflow

SEATS = Seats(licenses=7, seen_at=datetime(2026, 1, 31, tzinfo=UTC))


async def test_a_payload_arrives_as_the_model_it_was_and_its_history_replays(temporal_client: Client) -> None:
    queue = str(uuid4())
    async with build_worker(temporal_client, queue, workflows=[EchoWorkflow]):
        handle = await temporal_client.start_workflow(EchoWorkflow.run, SEATS, id=queue, task_queue=queue)
        assert await handle.result() == SEATS

    history = await handle.fetch_history()
    replayed = await Replayer(workflows=[EchoWorkflow], plugins=[billflow_plugin()]).replay_workflow(history)

    assert replayed.replay_failure is None


async def test_a_workflow_that_reads_the_wall_clock_fails(temporal_client: Client) -> None:
    queue = str(uuid4())
    async with build_worker(temporal_client, queue, workflows=[WallClockWorkflow]):
        with pytest.raises(WorkflowFailureError) as refused:
            await temporal_client.execute_workflow(WallClockWorkflow.run, id=queue, task_queue=queue)

    assert "datetime.datetime.now" in str(refused.value.cause)


async def test_an_import_outside_the_pass_through_block_stops_the_worker_at_its_start(temporal_client: Client) -> None:
    with pytest.raises(RuntimeError, match="CarelessWorkflow") as refused:
        build_worker(temporal_client, str(uuid4()), workflows=[CarelessWorkflow])

    assert "structlog was not intentionally passed through" in str(refused.value.__cause__)


def test_workflows_run_in_the_sandbox_in_tests_alone_and_their_modules_are_loaded_anew() -> None:
    """What the wall clock shows above holds for the modules that are loaded anew (decision 0337)."""
    runner = billflow_plugin(strict_imports=True).workflow_runner
    assert isinstance(runner, SandboxedWorkflowRunner)
    passed = runner.restrictions.passthrough_modules

    assert not any("billflow.workflows.plan".startswith(name) for name in passed)
    assert any("billflow.domain.plan".startswith(name) for name in passed)
    assert isinstance(billflow_plugin().workflow_runner, UnsandboxedWorkflowRunner)


def test_a_serializer_is_made_once_for_all_tasks_of_workflows() -> None:
    wanted, read = (DataConverter(payload_converter_class=SharedPayloadConverter).payload_converter for _ in range(2))
    [payload] = wanted.to_payloads([SEATS])

    assert read.from_payloads([payload], [Seats]) == [SEATS]
    one, other = SharedPayloadConverter(), SharedPayloadConverter()
    assert list(one.converters.values()) == list(other.converters.values())
    assert one.converters.keys() == PydanticPayloadConverter().converters.keys()
