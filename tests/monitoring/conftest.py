"""One stack for all tests of what operators see."""

from collections.abc import AsyncIterator

import pytest

from billflow.temporal.sdk_metrics import counting_runtime
from tests.databases import migrated_database
from tests.environment import running_environment, strict_plugins
from tests.monitoring.stack import Monitored
from tests.namespaces import fresh_namespace
from tests.waiting import PATIENCE


@pytest.fixture(scope="package")
async def monitored(postgres_url: str, temporal_server: str) -> AsyncIterator[Monitored]:
    """Run workers and the API where Temporal's SDK counts."""
    database, idle = [await migrated_database(postgres_url, name) for name in ("monitored", "idle")]
    counted = counting_runtime()
    client = await fresh_namespace(temporal_server, "monitored", strict_plugins(), runtime=counted.runtime)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("billflow.api.operations.PATIENCE", PATIENCE)
        async with running_environment(client, database) as env:
            yield Monitored(env, counted, temporal_server, idle)
