"""Workflows run on the time-skipping server, with real PostgreSQL and a real Stripe stand-in."""

from collections.abc import AsyncIterator

import pytest

from billflow.telemetry.logging import configure_logging
from tests.databases import migrated_database
from tests.workflows.skipping import SkippingWorld, skipping_world
from tests.world import World, dev_server_world


@pytest.fixture(scope="session")
async def world_database_url(postgres_url: str) -> str:
    """Return the URL of a migrated database for the tests of the workflows."""
    configure_logging("json", "error")
    return await migrated_database(postgres_url)


@pytest.fixture
async def world(world_database_url: str) -> AsyncIterator[SkippingWorld]:
    """Yield a world in which time leaps."""
    async with skipping_world(world_database_url) as world:
        yield world


@pytest.fixture(scope="module")
async def dev_world(world_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Yield a world on a real server, whose time is ours."""
    async with dev_server_world(tmp_path_factory.mktemp("dev_world"), world_database_url) as world:
        yield world
