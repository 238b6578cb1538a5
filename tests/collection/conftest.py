"""Collection runs on the real dev server, with plans on test clocks: the days of a policy pass when told to."""

from collections.abc import AsyncIterator

import pytest

from tests.collection.debts import BANK_SECONDS, Debts
from tests.databases import migrated_database
from tests.environment import dev_server_environment


@pytest.fixture(scope="package")
async def collection_database_url(postgres_url: str) -> str:
    """Return the URL of a migrated database for the tests of collection."""
    return await migrated_database(postgres_url)


@pytest.fixture(scope="package")
async def debts(collection_database_url: str, temporal_server: str) -> AsyncIterator[Debts]:
    """Yield a running billflow and the debts made in it."""
    async with dev_server_environment(temporal_server, collection_database_url) as env:
        await env.control("POST", "/settings", sepa_delay=BANK_SECONDS)
        yield Debts(env)
