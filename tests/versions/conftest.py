"""An environment to which each test brings workers of its own versions."""

from collections.abc import AsyncIterator

import pytest

from billflow.temporal.plugin import billflow_plugin
from tests.databases import migrated_database
from tests.environment import Environment, running_environment
from tests.namespaces import fresh_namespace


@pytest.fixture
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield an environment whose workers are those of the test, and where a workflow that has a bug stands still."""
    client = await fresh_namespace(temporal_server, "versions", [billflow_plugin()])
    async with running_environment(client, await migrated_database(postgres_url), working=False) as env:
        yield env
