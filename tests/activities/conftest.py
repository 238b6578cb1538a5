"""Activities run alone, against real PostgreSQL and a real Stripe stand-in; no worker takes part."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from tests.databases import migrated_database
from tests.world import World, running_world


@pytest.fixture(scope="session")
async def world_database_url(postgres_url: str) -> str:
    """Return the URL of a migrated database for the tests of the activities."""
    return await migrated_database(postgres_url)


@pytest.fixture
async def world(world_database_url: str, temporal_client: Client) -> AsyncIterator[World]:
    """Yield a world in which nothing happens by itself."""
    async with running_world(temporal_client, world_database_url, working=False) as world:
        yield world
