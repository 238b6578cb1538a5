"""A database that is closed while it is in use leaves no connection open."""

import asyncio
import gc
import warnings

import pytest
from sqlalchemy import text

from billflow.dev.postgres import RUNS, as_login
from billflow.store.session.database import Database
from tests.store.conftest import Company


async def _read(database: Database, org_id: str) -> None:
    async with database.unit_of_work(org_id) as session:
        await session.execute(text("SELECT 1"))
        await session.execute(text("SELECT 2"))


def _left_open() -> list[str]:
    """Return what is said of connections that nobody closed, which are collected here."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        gc.collect()
    return [str(one.message) for one in said]


@pytest.mark.parametrize("ready", [False, True], ids=["before it connects", "connected"])
async def test_what_is_in_use_is_closed_when_it_is_given_back(ready: bool, company: Company, store_url: str) -> None:
    in_use = 0
    for turns in range(30):
        database = Database(as_login(store_url, RUNS), pool_size=1)
        if ready:
            await _read(database, company.org_id)
        reading = asyncio.create_task(_read(database, company.org_id))
        for _ in range(turns):
            await asyncio.sleep(0)
        in_use += not reading.done()
        await database.close()
        await reading
        assert _left_open() == [], f"closed after {turns} turns of the loop"
        del database
        assert _left_open() == [], f"closed after {turns} turns of the loop"
    assert in_use > 1


async def test_what_is_canceled_gives_its_connection_back(company: Company, store_url: str) -> None:
    for turns in range(30):
        database = Database(as_login(store_url, RUNS), pool_size=1)
        reading = asyncio.create_task(_read(database, company.org_id))
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        await database.close()
        await asyncio.gather(reading, return_exceptions=True)
        del database
        assert _left_open() == [], f"canceled after {turns} turns of the loop"
