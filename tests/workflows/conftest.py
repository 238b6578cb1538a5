"""Workflows run on the time-skipping server, with real PostgreSQL and a real Stripe emulator."""

from collections.abc import AsyncIterator

import pytest

from billflow.telemetry.logging import configure_logging
from tests.databases import migrated_database
from tests.environment import Environment, dev_server_environment
from tests.workflows.skipping import SkippingEnvironment, skipping_environment


@pytest.fixture(scope="package")
async def env_database_url(postgres_url: str) -> str:
    """Return the URL of a migrated database for the tests of the workflows."""
    configure_logging("json", "error")
    return await migrated_database(postgres_url)


@pytest.fixture
async def env(env_database_url: str) -> AsyncIterator[SkippingEnvironment]:
    """Yield a world in which time leaps."""
    async with skipping_environment(env_database_url) as env:
        yield env


@pytest.fixture(scope="module")
async def dev_env(env_database_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield a world on a real server, whose time is ours."""
    async with dev_server_environment(temporal_server, env_database_url) as env:
        yield env
