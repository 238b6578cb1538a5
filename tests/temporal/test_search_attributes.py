"""The registry of search attributes is what servers know."""

import shutil
import sysconfig
from datetime import UTC, datetime

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from billflow.temporal import search_attributes
from billflow.temporal.plugin import billflow_plugin
from billflow.temporal.worker import build_worker
from tests.temporal.workflows_of_the_tests import EchoWorkflow, Seats


async def registered(client: Client) -> set[str]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    answer = await client.operator_service.list_search_attributes(request)
    return set(answer.custom_attributes)


async def test_the_embedded_server_knows_every_attribute_from_its_start(temporal_client: Client) -> None:
    assert set(search_attributes.type_names()) <= await registered(temporal_client)


async def test_ensuring_twice_changes_nothing(temporal_client: Client) -> None:
    before = await registered(temporal_client)

    await search_attributes.ensure(temporal_client)

    assert await registered(temporal_client) == before


async def test_the_time_skipping_server_takes_them_and_lets_a_workflow_set_one() -> None:
    program = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=program, plugins=[billflow_plugin(strict_imports=True)]
    ) as environment:
        for _ in range(2):
            await search_attributes.ensure(environment.client)

        async with build_worker(environment.client, "q", workflows=[EchoWorkflow]):
            seats = Seats(licenses=7, seen_at=datetime(2026, 1, 31, tzinfo=UTC))
            echo = await environment.client.execute_workflow(EchoWorkflow.run, seats, id="w", task_queue="q")

        assert echo == seats
