"""Activities run alone, against real PostgreSQL and a real Stripe emulator; no worker takes part."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from tests.databases import migrated_database
from tests.environment import Environment, running_environment


@pytest.fixture(scope="package")
async def env_database_url(postgres_url: str) -> str:
    """Return the URL of a migrated database for the tests of the activities."""
    return await migrated_database(postgres_url)


@pytest.fixture
async def env(env_database_url: str, temporal_client: Client) -> AsyncIterator[Environment]:
    """Yield a world in which nothing happens by itself."""
    async with running_environment(temporal_client, env_database_url, working=False) as env:
        yield env
