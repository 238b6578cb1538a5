"""A database that is closed while it is in use leaves no connection open."""

import asyncio
import gc
import warnings

import pytest
from sqlalchemy import text

from billflow.dev.postgres import RUNS, as_login
from billflow.store.session.database import Database
from tests.store.conftest import Company

MOST_TURNS = 25
"""Turns of the event loop after which a transaction is disturbed, from none on; it takes about 20."""


async def read(database: Database, org_id: str) -> None:
    """Open a transaction and read something."""
    async with database.unit_of_work(org_id) as session:
        await session.execute(text("SELECT 1"))
        await session.execute(text("SELECT 2"))


async def turns_of_the_loop(count: int) -> None:
    """Let the event loop turn so many times."""
    for _ in range(count):
        await asyncio.sleep(0)


def left_open() -> list[str]:
    """Return what is said of connections that nobody closed, which are collected here."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        gc.collect()
    return [str(one.message) for one in said]


async def closed_meanwhile(database: Database, org_id: str, turns: int) -> bool:
    """Close a database some turns after a transaction began, and tell whether that one was still open."""
    reading = asyncio.create_task(read(database, org_id))
    await turns_of_the_loop(turns)
    was_open = not reading.done()
    await database.close()
    await reading
    return was_open


async def canceled(database: Database, org_id: str, turns: int) -> None:
    """Cancel a transaction some turns after it began, and close its database at the same time."""
    reading = asyncio.create_task(read(database, org_id))
    await turns_of_the_loop(turns)
    reading.cancel()
    await database.close()
    await asyncio.gather(reading, return_exceptions=True)


@pytest.mark.parametrize("is_connected", [False, True], ids=["before it connects", "connected"])
async def test_a_connection_in_use_ends_with_its_transaction(
    is_connected: bool, company: Company, store_url: str
) -> None:
    in_use = 0
    for turns in range(MOST_TURNS):
        database = Database(as_login(store_url, RUNS), pool_size=1)
        if is_connected:
            await read(database, company.org_id)
        in_use += await closed_meanwhile(database, company.org_id, turns)
    assert left_open() == []
    assert in_use > 1


async def test_a_canceled_transaction_leaves_no_connection_open(company: Company, store_url: str) -> None:
    for turns in range(MOST_TURNS):
        await canceled(Database(as_login(store_url, RUNS), pool_size=1), company.org_id, turns)
    assert left_open() == []
